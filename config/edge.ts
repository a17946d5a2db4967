import { z } from "zod";
import { canonicalAddress } from "./addresses";
import { ownNodePort, ownOnly } from "./own";
import { address, annotations, cidr, dnsLabel, email, hostName, qualifiedName, subdomain } from "./scalars";
import { certificates } from "./serverTls";

const authorities =
    "allowed: production, staging, or the https address of an authority's directory, such as https://ca.example.org/acme/directory";

/** https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1 */
const authority = z
    .string()
    .regex(
        /^(production|staging|https:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?(\/[\w.~%+:@,=-]*)*)$/,
        authorities,
    )
    .refine((ca) => !ca.startsWith("https:") || URL.canParse(ca), authorities);

export const tls = z.discriminatedUnion("mode", [
    /** Certificates from an ACME certificate authority, renewed by the load balancer. */
    z.strictObject({
        mode: z.literal("acme"),
        email,
        /**
         * `production` and `staging` are Let's Encrypt's; or the directory URL of another authority. Its account is
         * `acmeKeyId` and `acmeHmacKey` in plinth:secrets, where it asks for one.
         */
        ca: authority.default("production"),
        /** Root certificates in PEM by which the authority itself is known. @default the public ones */
        caBundle: certificates.optional(),
    }),
    /** Your own certificate: a Secret in the namespace, or `tlsCertificate` and `tlsKey` in plinth:secrets. */
    z.strictObject({ mode: z.literal("custom"), secretName: dnsLabel.optional() }),
    /** Certificates that cert-manager obtains and renews; it must be installed. Its issuer decides how: DNS-01, ACME … */
    z.strictObject({
        mode: z.literal("certManager"),
        /** Name of a ClusterIssuer; or an issuer of another kind, such as an Issuer of the namespace. */
        issuer: z.union(
            [
                subdomain.transform((name) => ({ name, kind: "ClusterIssuer", group: "cert-manager.io" })),
                z.strictObject({
                    name: subdomain,
                    kind: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,62}$/, "allowed: a kind such as Issuer"),
                    /** @default cert-manager.io */
                    group: subdomain.default("cert-manager.io"),
                }),
            ],
            "allowed: the name of a ClusterIssuer, or a map of name, kind and group",
        ),
    }),
    /** Signed by the load balancer's own internal authority. */
    z.strictObject({ mode: z.literal("internal") }),
    /** Plain HTTP, for local clusters, or if TLS is terminated in front of this load balancer. */
    z.strictObject({
        mode: z.literal("off"),
        /**
         * Whether TLS is terminated in front of this load balancer: plain requests are then redirected, based on the
         * X-Forwarded-Proto of `edge.trustedProxies`. @default false
         */
        inFront: z.boolean().default(false),
    }),
]);

const edgeCommon = {
    /** Public address of the balancer if Kubernetes does not know it: an IP address or host name for DNS. */
    publicAddress: z
        .union([z.ipv4(), z.ipv6(), hostName], "allowed: an IP address or a host name such as lb.example.org")
        .transform(canonicalAddress)
        .optional(),
    /** Ranges whose X-Forwarded-* headers are trusted. @default none */
    trustedProxies: z.array(cidr).default([]),
    /**
     * Ranges whose connections may begin with the PROXY protocol, version 1 or 2, which tells the client's address;
     * `true` for those of `trustedProxies`. That of anybody else is ignored. @default false
     */
    proxyProtocol: z
        .union(
            [z.boolean(), z.array(cidr).min(1)],
            "allowed: ranges such as [10.0.0.0/8], or true for those of trustedProxies",
        )
        .default(false),
    annotations: annotations.default({}),
};

/** Fields of the types whose Service accepts connections from outside the cluster directly. */
const edgeDirect = {
    ...edgeCommon,
    /**
     * `Local` preserves client addresses, which allow-lists and logs need, but then only nodes with a pod of the
     * balancer answer. @default Local
     */
    externalTrafficPolicy: z.enum(["Local", "Cluster"]).default("Local"),
    /**
     * Also enables HTTP/3 on port 443/UDP. Not every cloud's balancer supports TCP and UDP on one Service. @default
     * false
     */
    http3: z.boolean().default(false),
};

const nodePort = z.int().min(30000).max(32767).optional();

/** For what users of OpenShift may write. */
const noRoute = {
    error: ({ input }: { readonly input?: unknown }) =>
        (input as { readonly type?: unknown } | undefined)?.type === "Route"
            ? "allowed: Ingress with className: openshift-default, since OpenShift makes a Route of each of its hosts; with terminates: edge, the Route passes TLS through"
            : undefined,
};

/** All types except `shared`: the balancer of one instance, or the shared one itself. */
export const ownEdge = z.discriminatedUnion(
    "type",
    [
        z.strictObject({
            type: z.literal("LoadBalancer"),
            ...edgeDirect,
            // Other types are behind something that may forward to several balancers.
            publicAddress: ownOnly(edgeCommon.publicAddress),
            /** A static address reserved in the cloud. */
            address: ownOnly(address.optional()),
            /** Client ranges that may connect. @default all */
            sourceRanges: z.array(cidr).default([]),
            loadBalancerClass: z
                .string()
                .regex(qualifiedName, "allowed: a class such as tailscale or service.k8s.aws/nlb")
                .optional(),
        }),
        z.strictObject({ type: z.literal("ClusterIP"), ...edgeCommon }),
        z.strictObject({
            type: z.literal("NodePort"),
            ...edgeDirect,
            httpPort: ownNodePort(nodePort),
            httpsPort: ownNodePort(nodePort),
        }),
        z.strictObject({
            type: z.literal("Ingress"),
            ...edgeCommon,
            className: subdomain,
            /** `controller`: the ingress controller terminates TLS; `edge`: it passes TLS through to this balancer. */
            terminates: z.enum(["controller", "edge"]).default("controller"),
            /**
             * Namespace of the ingress controller: only its pods and `trustedProxies` may then connect. Omit it for a
             * controller on the node network or outside the cluster (AWS, Google). @default any client may connect
             */
            controllerNamespace: dnsLabel.optional(),
        }),
        /** A route of the Gateway API (`gateway.networking.k8s.io/v1`) to a Gateway that exists and terminates TLS. */
        z.strictObject({
            type: z.literal("Gateway"),
            ...edgeCommon,
            gateway: z.strictObject({
                name: subdomain,
                namespace: dnsLabel,
                /** Name of one of its listeners. @default every listener that accepts the hosts */
                section: subdomain.optional(),
            }),
            terminates: z
                .string()
                .regex(
                    /^gateway$/,
                    "allowed: gateway. Only a TLSRoute passes TLS through, which is experimental up to release 1.4 of the Gateway API; where the balancer must end TLS itself, set edge.type to LoadBalancer, or to Ingress with terminates: edge",
                )
                .default("gateway"),
            /**
             * Namespace of the pods that the Gateway's traffic comes from: only these and `trustedProxies` may then connect.
             * It is often not that of the Gateway. Omit it for proxies on the node network or outside the cluster. @default
             * any client may connect
             */
            controllerNamespace: dnsLabel.optional(),
        }),
    ],
    noRoute,
);

/** The default balancer of an instance. */
export const defaultEdge = {
    type: "LoadBalancer" as const,
    trustedProxies: [],
    proxyProtocol: false as const,
    annotations: {},
    sourceRanges: [],
    externalTrafficPolicy: "Local" as const,
    http3: false,
};

/** How external requests reach the sites. */
export const edge = z.discriminatedUnion(
    "type",
    [
        ...ownEdge.options,
        /** The stack's shared balancer, configured by `plinth:edge`. */
        z.strictObject({ type: z.literal("shared") }),
    ],
    noRoute,
);

export type OwnEdgeConfig = z.infer<typeof ownEdge>;
export type IngressEdge = OwnEdgeConfig & { readonly type: "Ingress" };
export type GatewayEdge = OwnEdgeConfig & { readonly type: "Gateway" };

/** Whether a controller in the cluster forwards requests by an object of its own, to a Service without an address. */
export const isRouted = (edge: OwnEdgeConfig): edge is IngressEdge | GatewayEdge =>
    edge.type === "Ingress" || edge.type === "Gateway";

export type TlsConfig = z.infer<typeof tls>;

/** Secret keys for the balancer, which instances of all platforms may set. */
export const edgeSecrets = {
    tlsCertificate: { purpose: "Certificate chain of the sites in PEM, for tls.mode custom", lines: true },
    tlsKey: { purpose: "Private key of tlsCertificate in PEM", lines: true },
    acmeKeyId: "Key ID of the account at tls.ca, where that authority asks for one (external account binding)",
    acmeHmacKey: "HMAC key of that account, in base64url",
} as const;

export type EdgeSecret = keyof typeof edgeSecrets;

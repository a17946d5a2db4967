import { z } from "zod";
import { usualAddress } from "./addresses";
import { ownNodePort, ownOnly } from "./own";
import { address, annotations, cidr, dnsLabel, email, hostName, qualifiedName, subdomain } from "./scalars";

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
    /** Certificates from an ACME authority, renewed by the load balancer. */
    z.strictObject({
        mode: z.literal("acme"),
        email,
        /** `production` and `staging` are those of Let's Encrypt; or the directory URL of another authority. */
        ca: authority.default("production"),
    }),
    /** Your own certificate: a Secret in the namespace, or `tlsCertificate` and `tlsKey` in plinth:secrets. */
    z.strictObject({ mode: z.literal("custom"), secretName: dnsLabel.optional() }),
    /** Signed by an authority that the load balancer makes for itself. */
    z.strictObject({ mode: z.literal("internal") }),
    /** Plain HTTP: for local clusters, and where TLS ends in front of this load balancer. */
    z.strictObject({
        mode: z.literal("off"),
        /**
         * Whether someone in front of this load balancer ends TLS: plain requests are then redirected, told by the
         * X-Forwarded-Proto of `edge.trustedProxies`. @default false
         */
        inFront: z.boolean().default(false),
    }),
]);

const edgeCommon = {
    /** Where the balancer is reached from outside, when Kubernetes cannot tell: an IP address or host name for DNS. */
    publicAddress: z
        .union([z.ipv4(), z.ipv6(), hostName], "allowed: an IP address or a host name such as lb.example.org")
        .transform(usualAddress)
        .optional(),
    /** Ranges whose X-Forwarded-* headers are believed. @default none */
    trustedProxies: z.array(cidr).default([]),
    annotations: annotations.default({}),
};

/** For the types whose Service takes connections from outside the cluster itself. */
const edgeDirect = {
    ...edgeCommon,
    /**
     * `Local` keeps the clients' addresses, which allow-lists and logs need; only nodes with a pod of the balancer
     * answer then. @default Local
     */
    externalTrafficPolicy: z.enum(["Local", "Cluster"]).default("Local"),
    /**
     * HTTP/3 on port 443/UDP as well. Not every cloud's balancer takes TCP and UDP on one Service. @default false
     */
    http3: z.boolean().default(false),
};

const nodePort = z.int().min(30000).max(32767).optional();

/** What every type but `shared` may be: the balancer of one instance, or the shared one itself. */
export const ownEdge = z.discriminatedUnion("type", [
    z.strictObject({
        type: z.literal("LoadBalancer"),
        ...edgeDirect,
        // In front of the other types stands something that may lead to several.
        publicAddress: ownOnly(edgeCommon.publicAddress),
        /** A static address that the cloud has reserved for you. */
        address: ownOnly(address.optional()),
        /** Client ranges that may connect at all. @default everyone */
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
        /** `controller`: the ingress controller ends TLS; `edge`: it passes TLS through to this balancer. */
        terminates: z.enum(["controller", "edge"]).default("controller"),
        /**
         * Namespace of the ingress controller: only its pods, and `trustedProxies`, are let in then. To be left out
         * for a controller on its node's network or outside the cluster (AWS, Google). @default everyone is let in
         */
        controllerNamespace: dnsLabel.optional(),
    }),
]);

/** The balancer of an instance that says nothing. */
export const defaultEdge = {
    type: "LoadBalancer" as const,
    trustedProxies: [],
    annotations: {},
    sourceRanges: [],
    externalTrafficPolicy: "Local" as const,
    http3: false,
};

/** How requests from outside reach the sites. */
export const edge = z.discriminatedUnion("type", [
    ...ownEdge.options,
    /** The one balancer of the stack, configured by `plinth:edge`. */
    z.strictObject({ type: z.literal("shared") }),
]);

export type EdgeConfig = z.infer<typeof edge>;
export type OwnEdgeConfig = z.infer<typeof ownEdge>;
export type TlsConfig = z.infer<typeof tls>;

/** Secret keys that an instance of any platform may set for its balancer. */
export const edgeSecrets = {
    tlsCertificate: { purpose: "Certificate chain of the sites in PEM, for tls.mode custom", lines: true },
    tlsKey: { purpose: "Private key of tlsCertificate in PEM", lines: true },
} as const;

export type EdgeSecret = keyof typeof edgeSecrets;

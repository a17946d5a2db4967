import { z } from "zod";
import { address, cidr, dnsLabel, port } from "./scalars";

/** At which NodeLocal DNSCache listens by its own manifest, and by Kubespray's. */
export const nodeLocalAddresses: readonly string[] = ["169.254.20.10", "169.254.25.10"];

/** Where pods ask for names. */
export const dns = z
    .strictObject({
        /**
         * Addresses that are not pods': those of NodeLocal DNSCache, or of kube-dns's Service where the network plugin
         * looks at that. @default 169.254.20.10 and 169.254.25.10, at which NodeLocal DNSCache usually listens
         */
        addresses: z.array(address).min(1).optional(),
        /** Namespace of the resolvers' pods: `kube-system`; on OpenShift `openshift-dns`. @default any */
        namespace: dnsLabel.optional(),
    })
    .refine(
        ({ addresses, namespace }) => addresses !== undefined || namespace !== undefined,
        "allowed: addresses, a namespace, or both",
    );

/** Where pods reach the API server: those of operators, which ask it for their own state. */
export const apiServer = z
    .strictObject({
        /** @default any */
        cidrs: z.array(cidr).default([]),
        /** Behind the address of its Service, and its own. */
        ports: z.array(port).min(1).default([443, 6443]),
    })
    .prefault({});

/** Spoken to without TLS, which few programs have for the way to a proxy; what goes through it may have its own. */
const proxyUrl = z
    .string()
    .regex(
        /^http:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/,
        "allowed: a URL such as http://proxy.example.org:3128, without user and path",
    )
    .refine((url) => URL.canParse(url), "allowed: a URL such as http://proxy.example.org:3128")
    .transform((url) => url.replace(/\/$/, ""));

/** A proxy for HTTP through which pods leave the network. */
export const proxy = z
    .strictObject({
        /** For http URLs. @default none */
        http: proxyUrl.optional(),
        /** For https URLs. @default none */
        https: proxyUrl.optional(),
        /**
         * Hosts, domains with a leading dot, addresses and ranges that are reached without it, besides those of the
         * cluster. @default none
         */
        noProxy: z
            .array(z.string().regex(/^[^\s,]+$/, "allowed: a host, .domain, an address or a range, one for each entry"))
            .default([]),
        /** Address ranges of the proxy, for the NetworkPolicy. @default its host if that is an address, else any */
        cidrs: z.array(cidr).default([]),
    })
    .refine(({ http, https }) => http !== undefined || https !== undefined, "allowed: http, https, or both");

export type DnsConfig = z.infer<typeof dns>;
export type ProxyConfig = z.infer<typeof proxy>;

/** The proxy's environment variables, in the spellings of all programs. */
export function proxyEnvironment(
    { http, https, noProxy }: ProxyConfig,
    others: readonly string[] = [],
): Readonly<Record<string, string>> {
    const values = { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: [...new Set([...others, ...noProxy])].join(",") };
    return Object.fromEntries(
        Object.entries(values).flatMap(([name, value]) =>
            value === undefined || value === ""
                ? []
                : [
                      [name, value],
                      [name.toLowerCase(), value],
                  ],
        ),
    );
}

import { execFileSync } from "node:child_process";
import { z } from "zod";
import { PlainPlan } from "../../operations/render/plainPlan";
import { clusterProvider } from "../../components/cluster";
import { Instance } from "../../components/instance";
import { addressesOf, declareSharedEdge, isEncrypted, publish } from "../../components/loadBalancer";
import { planStack } from "../../components/planStack";
import { Stack } from "../../components/stack";
import { WebTier } from "../../components/webTier";
import { instanceFields } from "../../config/fields";
import { readStack } from "../../config/read";
import { edgeSecrets } from "../../config/edge";
import { images } from "../../platforms/opencart/images";
import { find, givenOf, objectsOf, type Sent } from "./declare";

export type Plain = Record<string, unknown>;

/** Instances with one web tier each, published under its host, and the shared balancer if any uses it. */
export async function declareEdges(instances: Record<string, Plain>, values: Plain = {}, preview = false) {
    const platform = {
        name: "bench",
        schema: z.looseObject({ platform: z.literal("bench"), ...instanceFields }),
        defaults: () => ({}),
        secrets: edgeSecrets,
        images,
    };
    const complete = Object.fromEntries(
        Object.entries(instances).map(([name, keys]) => [
            name,
            { platform: "bench", host: `${name}.example.org`, ...keys },
        ]),
    );
    const config = { ...values, instances: complete };
    const given = givenOf(config);
    const { stack: checked, secrets } = readStack(given, [platform]);
    const stack = new Stack(checked, secrets, clusterProvider(checked));
    const declared = checked.instances.map((settings) => {
        const instance = new Instance<string>(stack, settings, platform);
        const container = {
            name: "nginx",
            image: images["opencart-nginx"],
            ports: { http: 8080, admin: 8090 },
            resources: {},
        };
        const { service } = new WebTier(instance, "frontend", { pod: { user: 101, containers: [container] } });
        publish(instance, [
            {
                host: settings.host,
                routes: [
                    { to: service },
                    { path: { paths: ["/admin"] }, to: service, port: "admin", allow: ["192.0.2.0/24"] },
                ],
            },
        ]);
        return instance;
    });
    const sharedEdge = declareSharedEdge(stack, declared);
    planStack(stack, sharedEdge ? [...declared, sharedEdge] : declared);
    const plain = new PlainPlan(stack.plan, { ...given, preview });
    const each = <T>(of: (instance: Instance) => T) =>
        Object.fromEntries(declared.map((instance) => [instance.name, of(instance)]));
    return {
        objects: objectsOf(plain.resources),
        addresses: plain.resolve(each((instance) => addressesOf(instance, sharedEdge))),
        encrypted: each(isEncrypted),
        warnings: stack.warnings,
    };
}

/** The problems of such instances, as the user sees them; fails if there are none. */
export async function edgeProblems(instances: Record<string, Plain>, values: Plain = {}): Promise<string> {
    try {
        await declareEdges(instances, values);
    } catch (error) {
        return (error as Error).message;
    }
    throw new Error("was accepted");
}

/** One of each TLS mode. */
export const tlsModes: Record<string, Plain> = {
    acme: { mode: "acme", email: "ops@example.org" },
    custom: { mode: "custom", secretName: "wildcard" },
    internal: { mode: "internal" },
    certManager: { mode: "certManager", issuer: "letsencrypt-dns" },
    off: { mode: "off" },
};

/** One of each type of edge, and an Ingress that leaves TLS to the edge. */
export const edgeTypes: Record<string, Plain> = {
    LoadBalancer: { type: "LoadBalancer" },
    ClusterIP: { type: "ClusterIP", trustedProxies: ["10.0.0.0/8"] },
    NodePort: { type: "NodePort", httpPort: 30080, httpsPort: 30443 },
    Ingress: {
        type: "Ingress",
        className: "nginx",
        trustedProxies: ["10.0.0.0/8"],
        annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" },
    },
    passthrough: { type: "Ingress", className: "nginx", terminates: "edge" },
    Gateway: { type: "Gateway", gateway: { name: "public", namespace: "infra" }, trustedProxies: ["10.0.0.0/8"] },
};

/** The pairs of type and TLS mode that are refused. */
export const impossible = [
    ...["Ingress internal", "passthrough off"],
    ...["acme", "custom", "internal", "certManager"].map((mode) => `Gateway ${mode}`),
];

/** A self-signed certificate for a name and those below it, and its key, in PEM. */
export function certify(host = "shop.example.org"): { chain: string; key: string } {
    const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=a".split(" ");
    const names = ["-addext", `subjectAltName=DNS:${host},DNS:*.${host}`];
    const text = execFileSync("openssl", [...request, ...names, "-keyout", "-", "-out", "-"], {
        stdio: "pipe",
    }).toString();
    const start = text.indexOf("-----BEGIN CERTIFICATE");
    return { key: text.slice(0, start), chain: text.slice(start) };
}

/** The Caddyfile of the first edge among the objects. */
export const caddyfileOf = (objects: readonly Sent[]): string => find(objects, "ConfigMap", "edge")["data"].Caddyfile;

/** The pod of the first edge among the objects. */
export const edgePod = (objects: readonly Sent[]) => find(objects, "Deployment", "edge")["spec"].template.spec;

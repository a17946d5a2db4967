import type { OwnEdgeConfig, TlsConfig } from "../../config/edge";
import { edgeIn } from "../../config/stack";
import type { Instance } from "../instance";
import type { AuthorityFiles, SiteTls } from "./fileSite";

/** Directories of Let's Encrypt: https://letsencrypt.org/docs/acme-protocol-updates/ */
const directories = {
    production: "https://acme-v02.api.letsencrypt.org/directory",
    staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
};

export const directoryOf = (ca: string): string => directories[ca as keyof typeof directories] ?? ca;

/** See {@link edgeIn}. */
export const edgeOf = ({ config, stack }: Instance): OwnEdgeConfig => edgeIn(config, stack.config.sharedEdge);

/** TLS of an instance's sites: behind the shared balancer, that balancer's settings are the default. */
export function tlsOf(instance: Instance): TlsConfig {
    const { edge, tls } = instance.config;
    return edge.type === "shared" && tls.mode === "off" && !tls.inFront ? instance.stack.config.sharedEdge.tls : tls;
}

/** Whether an ingress controller or a Gateway in front terminates TLS, so that Caddy receives plain HTTP in any mode. */
export const endsInFront = (edge: OwnEdgeConfig): boolean =>
    edge.type === "Gateway" || (edge.type === "Ingress" && edge.terminates === "controller");

/** Whether browsers reach the sites of an instance over HTTPS, wherever it is terminated. */
export function isEncrypted(instance: Instance): boolean {
    const tls = tlsOf(instance);
    return tls.mode !== "off" || tls.inFront;
}

/** TLS settings for Caddy; `snippet` is the file with the line for a certificate that it does not obtain itself. */
export function siteTls(edge: OwnEdgeConfig, tls: TlsConfig, snippet: string, files: AuthorityFiles): SiteTls {
    if (endsInFront(edge)) return { mode: "off", inFront: tls.mode !== "off" || tls.inFront };
    switch (tls.mode) {
        case "acme":
            return { mode: "acme", email: tls.email, directory: directoryOf(tls.ca), ...files };
        case "custom":
        case "certManager":
            return { mode: "custom", snippet };
        case "internal":
            return { mode: "internal" };
        case "off":
            return { mode: "off", inFront: tls.inFront };
    }
}

/** Whether browsers trust the certificates: with others, Strict-Transport-Security would lock visitors out. */
export const isTrusted = (tls: TlsConfig): boolean =>
    tls.mode !== "internal" && !(tls.mode === "acme" && tls.ca === "staging");

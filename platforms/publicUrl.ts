import type { Instance } from "../components/instance";
import { isEncrypted } from "../components/loadBalancer";

/** Host under which browsers reach a server in the cluster; undefined if they do not, or the server is outside. */
export const publicHostOf = (
    config:
        { readonly topology: "single"; readonly publicHost?: string | undefined } | { readonly topology: "external" },
): string | undefined => (config.topology === "single" ? config.publicHost : undefined);

/**
 * The public URL of a host of an instance, without a trailing slash.
 *
 * Platforms use it in links and cookies, so it must be the URL of the outermost proxy: `https` no matter where TLS is
 * terminated, and with the node port if browsers need it.
 */
export function publicUrl(instance: Instance, host: string): string {
    const { edge } = instance.config.edge.type === "shared" ? instance.stack.config.sharedEdge : instance.config;
    const secure = isEncrypted(instance);
    const port = edge.type === "NodePort" ? (secure ? edge.httpsPort : edge.httpPort) : undefined;
    return `${secure ? "https" : "http"}://${host}${port ? `:${port}` : ""}`;
}

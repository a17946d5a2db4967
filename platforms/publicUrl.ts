import type { Instance } from "../components/instance";
import { isEncrypted } from "../components/loadBalancer";

/**
 * The address under which browsers see a host of an instance, without a final slash.
 *
 * Platforms write it into links and cookies, so it must be what the outermost proxy answers to: `https` whoever ends
 * TLS, and the node port where browsers have to name it.
 */
export function publicUrl(instance: Instance, host: string): string {
    const { edge } = instance.config.edge.type === "shared" ? instance.stack.config.sharedEdge : instance.config;
    const secure = isEncrypted(instance);
    const port = edge.type === "NodePort" ? (secure ? edge.httpsPort : edge.httpPort) : undefined;
    return `${secure ? "https" : "http"}://${host}${port ? `:${port}` : ""}`;
}

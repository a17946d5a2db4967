import type { Instance } from "../components/instance";

/**
 * The address under which browsers see a host of an instance, without a final slash.
 *
 * Platforms write it into links and cookies, so it must be what the outermost proxy answers to: `https` where this
 * program or the ingress controller ends TLS, and the node port where browsers have to name it.
 *
 * @param https whether someone in front of the edge ends TLS, where the program cannot tell. @default what `tls` says
 */
export function publicUrl(instance: Instance, host: string, https?: boolean): string {
    const shared = instance.config.edge.type === "shared";
    const { edge, tls } = shared ? instance.stack.config.sharedEdge : instance.config;
    const secure = https ?? tls.mode !== "off";
    const port = edge.type === "NodePort" ? (secure ? edge.httpsPort : edge.httpPort) : undefined;
    return `${secure ? "https" : "http"}://${host}${port ? `:${port}` : ""}`;
}

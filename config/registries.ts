/** Docker Hub has two names: https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed */
export const registryName = (host: string): string => (host === "index.docker.io" ? "docker.io" : host);

/**
 * Splits a reference as container runtimes do: the part before the first slash is a registry if it looks like a host,
 * else the image is on Docker Hub.
 */
export function splitReference(reference: string): { readonly registry: string; readonly path: string } {
    const [first, ...rest] = reference.split("/") as [string, ...string[]];
    const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
    return isHost
        ? { registry: registryName(first), path: rest.join("/") }
        : { registry: "docker.io", path: reference };
}

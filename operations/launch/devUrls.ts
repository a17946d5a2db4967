import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { edgeName, sharedName } from "../../components/loadBalancer/edgeNames";
import type { RenderedObject, Rendering } from "../render/rendering";

/** How often a URL is tried, at intervals of a second, before it counts as unreachable. */
const attempts = 5;

/** Prints which URLs a browser on this machine can open, and for the others the command that makes them reachable. */
export async function showWhereToOpen(rendering: Rendering): Promise<void> {
    const urls = Object.entries(rendering.outputs.instances).flatMap(([instance, outputs]) =>
        Object.entries(outputs.urls).map(([what, url]) => ({ instance, what, url, origin: new URL(url).origin })),
    );
    for (const origin of new Set(urls.map((one) => one.origin))) {
        const here = urls.filter((one) => one.origin === origin);
        console.log("");
        for (const { instance, what, url } of here) console.log(`${instance} ${what}: ${url}`);
        if (!(await isReachable(here[0]!.url)))
            console.log(
                "  Nothing on this machine answers there: the cluster's node has its own address. Keep this running:\n" +
                    `  ./plinth open ${openArgs(rendering, here[0]!.instance, origin).join(" ")}`,
            );
        const { hostname } = new URL(origin);
        // Names below localhost always resolve to this machine (RFC 6761).
        if (!/(^|\.)localhost$/.test(hostname))
            console.log(`  ${hostname} must resolve to this machine: add "127.0.0.1 ${hostname}" to the hosts file.`);
    }
}

/** Arguments that make `open` forward the same port as in the URL, because links and cookies contain it. */
function openArgs({ objects, stack }: Rendering, instance: string, url: string): string[] {
    const { port, protocol } = new URL(url);
    const scheme = protocol.slice(0, -1);
    const edge =
        objects.find((object) => isEdgeOf(object, instance)) ?? objects.find((object) => isEdgeOf(object, sharedName));
    const owner = edge?.metadata.labels?.["app.kubernetes.io/instance"] ?? instance;
    return [`${owner}/${edgeName}`, stack, ...(port === "" ? [] : ["--port", port]), "--service-port", scheme];
}

const isEdgeOf = ({ kind, metadata }: RenderedObject, instance: string): boolean =>
    kind === "Service" &&
    metadata.labels?.["app.kubernetes.io/instance"] === instance &&
    metadata.labels?.["app.kubernetes.io/name"] === edgeName;

async function isReachable(url: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
        if (await answers(url)) return true;
        if (attempt === attempts) return false;
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
}

/** Whether this machine answers HTTP requests for the URL's host and port, with any status. */
const answers = (url: string): Promise<boolean> =>
    new Promise((resolve) => {
        const { protocol, port, host, pathname } = new URL(url);
        const secure = protocol === "https:";
        const asked = (secure ? httpsRequest : httpRequest)({
            host: "127.0.0.1",
            port: port === "" ? (secure ? 443 : 80) : Number(port),
            path: pathname,
            headers: { Host: host },
            servername: new URL(url).hostname,
            // The load balancer's internal CA is not trusted by this machine.
            rejectUnauthorized: false,
            timeout: 5000,
        });
        asked
            .once("response", (response) => {
                response.resume();
                resolve(true);
            })
            .once("timeout", () => asked.destroy())
            .once("error", () => resolve(false))
            .once("close", () => resolve(false))
            .end();
    });

import { images } from "../../config/images";
import type { Instance } from "../instance";
import type { Mount, PodArgs } from "../podArgs";
import { configFolder, reloadContainer } from "./reload";
import { ports, sharedName } from "./edgeNames";

/** Grace period in seconds for running requests when a pod stops, after the drain. */
export const graceSeconds = 30;
export const scriptFolder = "/opt/edge";
/** Any user is suitable: Caddy writes to its mounts only. */
const user = 1000;

/**
 * @param is `drain`: seconds that a stopping pod continues to answer; `secure`: Caddy terminates TLS; `prepares`: with
 *   certificates that may be missing or damaged
 */
export function edgePod(
    files: readonly Mount[],
    script: Mount,
    instance: Instance,
    is: { readonly drain: number; readonly secure: boolean; readonly prepares: boolean },
): PodArgs {
    // A hundred sites with TLS take 100 MB at rest, three 55.
    const large = instance.config.size !== "small" || instance.name === sharedName;
    const health = { httpGet: { path: "/healthz", port: "health" }, periodSeconds: 5, timeoutSeconds: 3 };
    // The image's binary carries this capability as a file attribute: without it in the set, exec fails on any port.
    const capabilities = ["NET_BIND_SERVICE"];
    const run = ["/bin/sh", `${scriptFolder}/reload.sh`];
    return {
        user,
        graceSeconds: is.drain + graceSeconds + 5,
        initContainers: is.prepares
            ? [
                  {
                      name: "certificates",
                      image: images.caddy,
                      command: [...run, "prepare"],
                      resources: { cpu: "10m", memory: "128Mi" },
                      capabilities,
                      mounts: [...files, script],
                  },
              ]
            : [],
        containers: [
            {
                name: "caddy",
                image: images.caddy,
                command: ["caddy", "run", "--adapter", "caddyfile", "--config", `${configFolder}/Caddyfile`],
                ports: {
                    http: ports.http,
                    ...(is.secure ? { https: ports.https } : {}),
                    health: ports.health,
                    ...(instance.cluster.monitoringNamespace ? { metrics: ports.metrics } : {}),
                },
                resources: large ? { cpu: "100m", memory: "256Mi" } : { cpu: "50m", memory: "128Mi" },
                probes: { readiness: health, liveness: { ...health, periodSeconds: 10, failureThreshold: 6 } },
                preStop: is.drain,
                capabilities,
                mounts: files,
            },
            {
                name: reloadContainer,
                image: images.caddy,
                command: run,
                // `caddy validate` loads the whole configuration, and its authority's files with it.
                resources: { cpu: "10m", memory: "128Mi" },
                capabilities,
                mounts: [...files, script],
            },
        ],
    };
}

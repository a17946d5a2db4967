import type { Database } from "../../components/database";
import type { Instance } from "../../components/instance";
import { WebTier } from "../../components/webTier";
import type { Edge } from "../../components/graph";
import { images } from "../../platforms/opencart/images";
import { find, type Sent } from "./declare";

/** Declares a web tier for each use of a database's services, under the name of the use. */
export function declareClients(instance: Instance, uses: Readonly<Record<string, Edge>>): void {
    for (const [name, use] of Object.entries(uses))
        new WebTier(instance, name, {
            pod: {
                user: 1000,
                containers: [
                    {
                        ...{ name: "main", image: images["opencart-nginx"], ports: { http: 80 } },
                        uses: [use],
                        resources: { cpu: "10m", memory: "16Mi" },
                    },
                ],
            },
        });
}

/** Declares clients of each of a database's services: `web`, `reads` and `dumps`. */
export function declareClientsOfAll(instance: Instance, { service, readService, direct }: Database): void {
    const [web, reads, dumps] = [service, readService, direct].map((one) =>
        one.bind({ HOST: "host", PASSWORD: "password" }),
    );
    declareClients(instance, { web: web!, reads: reads!, dumps: dumps! });
}

/** The host that one of them connects to. */
export const hostOf = (objects: readonly Sent[], name: string): string =>
    find(objects, "Deployment", name).spec.template.spec.containers[0].env.find(
        (one: { name: string }) => one.name === "HOST",
    ).value;

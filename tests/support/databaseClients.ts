import type { Instance } from "../../components/instance";
import { WebTier } from "../../components/webTier";
import type { Edge } from "../../components/graph";
import { images } from "../../platforms/opencart/images";

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

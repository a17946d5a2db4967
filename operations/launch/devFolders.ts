import { existsSync, statSync } from "node:fs";
import type { Problem } from "../../config/problems";
import type { StackConfig } from "../../config/stack";
import { edgeName } from "../../components/loadBalancer/edgeNames";
import { componentOf, listStack } from "../cluster/components";
import type { Kubectl } from "../cluster/kubectl";
import type { Service } from "../cluster/live";
import { UserError } from "../system/errors";
import { suggest } from "../../config/problems";

/** A folder of this machine, with the key that names it. */
interface Named {
    readonly path: string;
    readonly folder: string;
}

const named = ({ instances }: Pick<StackConfig, "instances">): Named[] =>
    instances
        .filter(({ state }) => state !== "removed")
        .flatMap(({ name, dev }) =>
            Object.entries(dev?.mounts ?? {}).flatMap(([component, folders]) =>
                Object.entries(folders).map(([path, folder]) => ({
                    path: `plinth:instances.${name}.dev.mounts.${component}.${path}`,
                    folder,
                })),
            ),
        );

/** The folders of this machine that pods of a stack mount. */
export const foldersOf = (config: Pick<StackConfig, "instances">): string[] => [
    ...new Set(named(config).map(({ folder }) => folder)),
];

/** Folders that are not there: their pods would never start. */
export const missingFolders = (config: Pick<StackConfig, "instances">): Problem[] =>
    named(config)
        .filter(({ folder }) => !existsSync(folder) || !statSync(folder).isDirectory())
        .map(({ path, folder }) => ({
            path,
            message: `"${folder}" is no folder of this machine; allowed: one that exists`,
        }));

/** A port of this machine, and where it leads. */
export interface Forward {
    readonly instance: string;
    readonly component: string;
    readonly local: number;
}

export const forwardsOf = ({ instances }: Pick<StackConfig, "instances">): Forward[] =>
    instances
        .filter(({ state }) => state === "running")
        .flatMap(({ name, dev }) =>
            Object.entries(dev?.ports ?? {}).map(([component, local]) => ({ instance: name, component, local })),
        );

/**
 * Forwards ports of this machine to components, until Ctrl-C.
 *
 * @throws UserError if a component has no Service with a TCP port
 */
export async function forward(kubectl: Kubectl, forwards: readonly Forward[]): Promise<void> {
    const services = await listStack<Service>(kubectl, "services");
    const all = forwards.map(({ instance, component, local }) => {
        const own = services.filter((one) => componentOf(one).instance === instance);
        const known = own.map((one) => componentOf(one).name).filter((name) => name !== edgeName);
        const service = own.find((one) => componentOf(one).name === component);
        const port = service?.spec.ports?.find(({ protocol = "TCP" }) => protocol === "TCP");
        if (!service || !port)
            throw new UserError(
                `plinth:instances.${instance}.dev.ports.${component}: matches nothing${suggest(component, known)}; allowed: ${known.sort().join(", ")}`,
            );
        return { local, port: port.port, service };
    });
    await Promise.all(
        all.map(({ local, port, service: { metadata } }) => {
            console.log(`${metadata.namespace}/${metadata.name}: 127.0.0.1:${local}`);
            return kubectl.attach([
                "port-forward",
                ...["--namespace", metadata.namespace],
                `service/${metadata.name}`,
                `${local}:${port}`,
            ]);
        }),
    );
}

import { Database } from "../../components/database";
import type { Instance } from "../../components/instance";
import type { DatabaseConfig } from "../../config/database";
import { declare, type Sent } from "./declare";

/** What a stack declares of a replicated database with three members. */
export interface Wanted {
    /** Ordinal of the source. @default 0 */
    readonly source?: number;
    /** @default none */
    readonly lost?: readonly number[];
    /** The word that changes with the source. @default t0 */
    readonly term?: string;
    /** Of the platform's user. */
    readonly password?: string;
}

/** Declares a small database of OpenCart. */
export const declareDatabase = (
    instance: Instance<string>,
    config: ConstructorParameters<typeof Database>[2]["config"],
): Database =>
    new Database(instance, "database", {
        config,
        database: "open_cart",
        user: "opencart",
        resources: { cpu: "100m", memory: "512Mi" },
        size: "10Gi",
    });

/** The objects of a database. */
export async function databaseObjects(config: DatabaseConfig, password: string): Promise<Sent[]> {
    const values = { secrets: { bench: { databasePassword: password, databaseRootPassword: "wurzel" } } };
    const { objects } = await declare((instance) => declareDatabase(instance, config), { values, instance: {} });
    return objects;
}

/** The same of a replicated one. */
export async function replicatedObjects(wanted: Wanted): Promise<Sent[]> {
    const { source = 0, lost = [], term = "t0", password = "erstes$Wort'" } = wanted;
    const objects = await databaseObjects(
        {
            ...{ topology: "replicated", engine: "mariadb", replicas: 2, source, lost: [...lost] },
            ...{ synchronous: true, maxLagSeconds: 30, readFrom: "members" },
        },
        password,
    );
    for (const object of objects)
        if (object.kind === "ConfigMap" && object.metadata.name === "database-source")
            object["data"].source = object["data"].source.replace(/\n.*\n/, `\n${term}\n`);
    return objects;
}

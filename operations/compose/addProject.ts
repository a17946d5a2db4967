import { resolve } from "node:path";
import type { VolumeType } from "../../platforms/compose/config";
import { addInstance } from "../instances/addInstance";
import type { Session } from "../session";
import { checkProject } from "./check";
import { standalone } from "./standalone";

export interface ProjectOptions {
    /** @default the project's name below localhost */
    readonly host?: string;
    /** Pods of each service that states no number, and that can have several. @default 1 */
    readonly replicas?: number;
    /** What volumes are. @default persistentVolumeClaim */
    readonly volumes?: VolumeType;
}

/**
 * Adds a Compose project to a stack file as an instance of its own name, unless an instance has its files: then options
 * that would change it are left to the file.
 *
 * @throws ConfigError or UserError with what is wrong; the file is then unchanged
 */
export async function addProject(
    session: Session,
    files: readonly string[],
    { host, replicas, volumes }: ProjectOptions = {},
): Promise<void> {
    const { instance } = standalone({ files });
    const wanted = files.map((file) => resolve(file));
    const known = session.config().instances.find(({ platform, file }) => {
        const own =
            platform === "compose" ? (file as readonly string[]).map((one) => resolve(session.folder, one)) : [];
        return own.join("\n") === wanted.join("\n");
    });
    if (known) {
        if (host !== undefined || replicas !== undefined || volumes !== undefined)
            console.log(
                `"${known.name}" is in Pulumi.${session.stack}.yaml already: change its host, replicas and volumeType there.`,
            );
        return;
    }
    const set = [
        ...(volumes === undefined ? [] : [`volumeType=${volumes}`]),
        ...(replicas === undefined ? [] : scalable(files, volumes).map((service) => `replicas.${service}=${replicas}`)),
    ];
    const { diff } = await addInstance(session, instance, {
        host: host ?? `${instance}.localhost`,
        compose: files,
        set,
    });
    console.log(`Pulumi.${session.stack}.yaml\n${diff.join("\n")}`);
}

/** Components of services with one pod that may have several: without a volume of their own, and not at work once. */
const scalable = (files: readonly string[], volumes: VolumeType | undefined): string[] =>
    checkProject({ files, settings: volumes === undefined ? {} : { volumeType: volumes } }).services.flatMap(
        ({ component, isScalable }) => (isScalable ? [component] : []),
    );

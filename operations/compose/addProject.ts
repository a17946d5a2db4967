import { resolve } from "node:path";
import { addInstance } from "../instances/addInstance";
import type { Session } from "../session";
import { standalone } from "./standalone";

/**
 * Adds a Compose project to a stack file as an instance of its own name, unless an instance has its files.
 *
 * @param host @default the project's name below localhost
 * @throws ConfigError or UserError with what is wrong; the file is then unchanged
 */
export async function addProject(session: Session, files: readonly string[], host?: string): Promise<void> {
    const { instance } = standalone({ files });
    const wanted = files.map((file) => resolve(file));
    const has = session.config().instances.some(({ platform, file }) => {
        const own =
            platform === "compose" ? (file as readonly string[]).map((one) => resolve(session.folder, one)) : [];
        return own.join("\n") === wanted.join("\n");
    });
    if (has) return;
    const { diff } = await addInstance(session, instance, { host: host ?? `${instance}.localhost`, compose: files });
    console.log(`Pulumi.${session.stack}.yaml\n${diff.join("\n")}`);
}

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import pc from "picocolors";
import { bringUp } from "../launch/bringUp";
import { UserError } from "../system/errors";
import type { Kubectl } from "../cluster/kubectl";
import type { Remains } from "./remains";
import type { Pulumi } from "../engine/pulumi";
import type { Session } from "../session";
import { changeOrPutBack } from "../launch/states";
import type { Volume } from "../cluster/live";
import { isProvisioned, listVolumes, placeOf } from "../cluster/volumes";
import { writeEdits } from "../stackfile/yamlEdit";

export interface GiveUpArgs {
    readonly session: Session;
    readonly remains: Remains;
    /** `purge` or `forget`, for messages. */
    readonly command: string;
    /** What is done once nothing is refused any more, and before the engine deletes the instance's objects. */
    readonly before: (pulumi: Pulumi) => Promise<void>;
    /** What is done once they are gone. */
    readonly after: () => Promise<void>;
}

/**
 * Takes an instance out of the stack's file, the protection and the cluster. Each step may be done already, so that an
 * interrupted one is finished when it is run again.
 *
 * @throws UserError when the file cannot be edited, or a check of the run refuses it: file and protection are as they
 * were then
 */
export async function giveUp({ session, remains, command, before, after }: GiveUpArgs): Promise<void> {
    const { stack } = session;
    const { name, pulumi, resources } = remains;
    const isProtected = resources.filter(({ protect }) => protect).map(({ urn }) => urn);
    const putFileBack = takeOut(session, name);
    const putBack = async () => {
        putFileBack();
        if (isProtected.length > 0)
            await pulumi
                .run(["state", "protect", ...isProtected, "--yes"])
                .catch(() => console.error(`"${name}" stays without protection until: ./plinth launch ${stack}`));
    };
    const goOn = `It is not finished. When the cause is gone, go on with: ./plinth ${command} ${name} ${stack}`;
    await changeOrPutBack(
        async (begin) => {
            const beforeUp = async () => {
                begin();
                await before(pulumi);
            };
            // What is protected the engine would not even preview to delete.
            if (isProtected.length > 0) await pulumi.run(["state", "unprotect", ...isProtected, "--yes"]);
            // The file and the state are not any more what the session has read.
            if (resources.length > 0)
                await bringUp(session.anew(), { givenUp: resources.map(({ urn }) => urn), beforeUp });
            else await beforeUp();
            await after();
        },
        { putBack, goOn },
    );
}

/**
 * Takes the key and the secrets of an instance out of the stack's file, and shows what differs there.
 *
 * @returns what puts them back
 */
function takeOut(session: Session, name: string): () => void {
    const { path } = session;
    const file = basename(path);
    const before = readFileSync(path, "utf8");
    const putBack = () => writeFileSync(path, before);
    const without = (key: string) => writeEdits(path, [{ path: ["config", key, name], value: undefined }]);
    let diff: string[];
    try {
        // What is in there is for nobody's screen, encrypted or not; which keys go has been said.
        without("plinth:secrets");
        diff = without("plinth:instances");
        // What is left must still be a configuration, and without the instance.
        if (
            session
                .anew()
                .config()
                .instances.some((instance) => instance.name === name)
        )
            throw new UserError(`Nothing was changed: "${name}" is not in ${file} alone; take it out where it is`);
    } catch (error) {
        putBack();
        throw error;
    }
    if (diff.length > 0) console.log(`${pc.bold(file)}\n${diff.join("\n")}`);
    return putBack;
}

/** Changes a volume's reclaim policy and our marks on it; null takes a mark off. */
export async function markVolume(
    kubectl: Kubectl,
    { metadata }: Volume,
    persistentVolumeReclaimPolicy: "Delete" | "Retain" | undefined,
    annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
    const patch = {
        metadata: { annotations },
        ...(persistentVolumeReclaimPolicy ? { spec: { persistentVolumeReclaimPolicy } } : {}),
    };
    await kubectl.read([
        "patch",
        "persistentvolume",
        metadata.name,
        "--type",
        "merge",
        "--patch",
        JSON.stringify(patch),
    ]);
}

/**
 * Deletes a volume that has no claim: with its bytes where a driver made it, whatever its class said; else the object.
 *
 * @throws UserError when the driver does not delete it within five minutes
 */
export async function deleteVolume(kubectl: Kubectl, volume: Volume): Promise<void> {
    const { name } = volume.metadata;
    if (!isProvisioned(volume)) {
        await kubectl.run(["delete", "persistentvolume", name]);
        return;
    }
    if (volume.spec.persistentVolumeReclaimPolicy !== "Delete") await markVolume(kubectl, volume, "Delete", {});
    try {
        await kubectl.run(["wait", "--for=delete", `persistentvolume/${name}`, "--timeout=5m"]);
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const left = (await listVolumes(kubectl)).find(({ metadata }) => metadata.name === name);
        if (!left) return;
        const { phase, message } = left.status ?? {};
        throw new UserError(
            `The driver has not deleted the volume ${name} (${placeOf(volume)}) within five minutes; it is ${phase}${message ? `: ${message}` : ""}`,
        );
    }
}

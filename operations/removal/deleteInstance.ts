import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import pc from "picocolors";
import { consentName } from "../../components/names";
import { bringUp } from "../launch/bringUp";
import { UserError } from "../system/errors";
import type { Kubectl } from "../cluster/kubectl";
import type { Leftovers } from "./leftovers";
import type { Pulumi } from "../engine/pulumi";
import type { Session } from "../session";
import { changeOrPutBack } from "../launch/states";
import type { Volume } from "../cluster/live";
import { isProvisioned, listVolumes, placeOf } from "../cluster/volumes";
import { writeEdits } from "../stackfile/yamlEdit";

export interface DeleteInstanceArgs {
    readonly session: Session;
    readonly leftovers: Leftovers;
    /** `purge` or `forget`, for messages. */
    readonly command: string;
    /** Called after all checks have passed, before the engine deletes the instance's objects. */
    readonly before: (pulumi: Pulumi) => Promise<void>;
    /** Called after they are deleted. */
    readonly after: () => Promise<void>;
}

/**
 * Removes an instance from the stack file, its protection from the state, and its objects from the cluster. Every step
 * may already be done, so that running it again completes an interrupted removal.
 *
 * @throws UserError if the file cannot be edited, or a check refuses the run: file and protection are then restored
 */
export async function deleteInstance({
    session,
    leftovers,
    command,
    before,
    after,
}: DeleteInstanceArgs): Promise<void> {
    const { stack } = session;
    const { name, pulumi, resources } = leftovers;
    const isProtected = resources.filter(({ protect }) => protect).map(({ urn }) => urn);
    const putFileBack = removeFromFile(session, name);
    const putBack = async () => {
        putFileBack();
        if (isProtected.length > 0)
            await pulumi
                .run(["state", "protect", ...isProtected, "--yes"])
                .catch(() => console.error(`"${name}" remains unprotected until the next ./plinth launch ${stack}`));
    };
    const continueWith = `The removal is not complete. Once the cause is fixed, continue with: ./plinth ${command} ${name} ${stack}`;
    await changeOrPutBack(
        async (begin) => {
            const beforeUp = async () => {
                begin();
                await before(pulumi);
            };
            // The engine refuses even to preview the deletion of protected resources.
            if (isProtected.length > 0) await pulumi.run(["state", "unprotect", ...isProtected, "--yes"]);
            // The file and the state have changed since the session read them.
            if (resources.length > 0)
                await bringUp(session.refreshed(), { deletedUrns: resources.map(({ urn }) => urn), beforeUp });
            else await beforeUp();
            await deleteClaims(leftovers.kubectl, leftovers);
            await after();
        },
        { putBack, continueWith },
    );
}

/**
 * Removes the key and the secrets of an instance from the stack file, and prints the changed lines.
 *
 * @returns a function that restores the file
 */
function removeFromFile(session: Session, name: string): () => void {
    const { path } = session;
    const file = basename(path);
    const before = readFileSync(path, "utf8");
    const putBack = () => writeFileSync(path, before);
    const without = (key: string) => writeEdits(path, [{ path: ["config", key, name], value: undefined }]);
    let diff: string[];
    try {
        // Secrets are not printed, even encrypted; their keys have already been listed.
        without("plinth:secrets");
        diff = without("plinth:instances");
        // The rest must still be a valid configuration without the instance.
        if (
            session
                .refreshed()
                .config()
                .instances.some((instance) => instance.name === name)
        )
            throw new UserError(`Nothing was changed: "${name}" is not only in ${file}; remove it where it is defined`);
    } catch (error) {
        putBack();
        throw error;
    }
    if (diff.length > 0) console.log(`${pc.bold(file)}\n${diff.join("\n")}`);
    return putBack;
}

/**
 * Deletes the claims that are not in the stack's state, because an operator has made them: some operators leave them
 * behind, and the namespace may stay.
 */
export async function deleteClaims(
    kubectl: Pick<Kubectl, "read">,
    { claims, resources }: Pick<Leftovers, "claims" | "resources">,
): Promise<void> {
    const declared = new Set(resources.flatMap(({ outputs }) => (outputs?.kind ? consentName(outputs) : [])));
    for (const { metadata } of claims.filter((claim) => !declared.has(consentName(claim))))
        await kubectl.read([
            ...["delete", "persistentvolumeclaim", metadata.name, "--namespace", metadata.namespace],
            ...["--ignore-not-found", "--wait=false"],
        ]);
}

/** Changes a volume's reclaim policy and Plinth's annotations; null removes an annotation. */
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
 * Deletes a volume without a claim: with its data if a driver created it, regardless of its class; else only the
 * object.
 *
 * @throws UserError if the driver does not delete it within five minutes
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

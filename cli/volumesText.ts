import { consentName } from "../components/names";
import { useText } from "./statusText";
import { count, table } from "../operations/system/text";
import type { Leftovers } from "../operations/removal/leftovers";
import type { Session } from "../operations/session";
import { claimRow, type StackVolume, volumeRow } from "../operations/cluster/volumes";

/** The owner comes first; for volumes without a claim, it is only certain by Plinth's annotation. */
export const volumesText = (all: readonly StackVolume[]): string =>
    table(
        ["instance", "claim", "volume", "state", "size", "used", "class", "reclaim", "where"],
        all.map((volume) => [
            volume.instance ?? "possibly this stack's",
            volume.claim,
            volume.volume ?? "",
            volume.state,
            volume.size,
            useText(volume),
            volume.storageClass,
            volume.reclaimPolicy ?? "",
            volume.place ?? "",
        ]),
    );

/** Lists everything that is deleted with an instance, volumes first. */
export function leftoversText(
    session: Session,
    { name, resources, claims, volumes, others, inFile }: Leftovers,
): string {
    const namesOf = (kind: string) =>
        resources.flatMap(({ outputs }) => (outputs?.kind === kind ? consentName(outputs).slice(kind.length + 1) : []));
    const rows = claims.map((claim) => claimRow(claim, volumes, new Map()));
    // An interrupted run has already deleted the claims.
    const released = volumes.filter((volume) => !rows.some((row) => row.volume === volume.metadata.name));
    const secrets = namesOf("Secret");
    const generated = resources.filter(({ type }) => type.startsWith("random:"));
    const { stack } = session;
    const written = JSON.parse(session.file().config["plinth:secrets"] ?? "{}") as Record<string, object>;
    const own = Object.keys(written[name] ?? {});
    const lines = [
        secrets.length > 0 && `Secrets: ${secrets.join(", ")}`,
        generated.length > 0 && `from the stack's state: ${count(generated.length, "generated value")}, its passwords`,
        ...namesOf("Namespace").map((namespace) => `the namespace ${namespace}`),
        others.length > 0 &&
            `with the namespace, although not part of "${name}": ${others.map(consentName).join(", ")}`,
        inFile && `from Pulumi.${stack}.yaml: plinth:instances.${name}`,
        own.length > 0 && `from Pulumi.${stack}.yaml: plinth:secrets.${name} with ${own.join(", ")}`,
    ].filter((line) => line !== false);
    const all = [...rows, ...released.map((volume) => volumeRow(volume, true))];
    return [
        `Deleted with "${name}" of "${stack}":`,
        ...(all.length > 0 ? [volumesText(all)] : []),
        ...(lines.length > 0 ? [indented(lines)] : []),
    ].join("\n\n");
}

export const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join("\n");

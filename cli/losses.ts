import { precious } from "../components/kinds";
import { suggest } from "../config/problems";
import type { Ready } from "./engine";
import { UserError } from "./errors";
import { read, run } from "./shell";

/** Kinds that come back empty, or not at all, when they are made anew. */
const irreplaceable: readonly string[] = [...precious, "Secret"];

interface Resource {
    readonly urn: string;
    readonly type: string;
    readonly outputs?: { readonly kind?: string; readonly metadata?: { name: string; namespace?: string } };
}

/**
 * Makes sure that nothing which held data is silently replaced by an empty one: what the stack's state knows and the
 * cluster has no longer.
 *
 * @param allowed objects whose loss the user accepts: `KIND/NAMESPACE/NAME`
 * @returns whether the whole run has been previewed on the way
 * @throws UserError that names every loss without consent, or what the preview refuses; nothing is changed
 */
export async function checkLosses(ready: Ready, stack: string, allowed: readonly string[]): Promise<boolean> {
    const { lost, previewed } = await lostObjects(ready, stack);
    const unknown = allowed.filter((name) => !lost.includes(name));
    if (unknown.length > 0)
        throw new UserError(
            unknown
                .map(
                    (name) =>
                        `--recreate ${name}: is not lost${suggest(name, lost)}; lost: ${lost.join(", ") || "nothing"}`,
                )
                .join("\n"),
        );
    const refused = lost.filter((name) => !allowed.includes(name));
    if (refused.length === 0) return previewed;
    throw new UserError(
        `Gone from the cluster, though the stack's state has them. Nothing was changed.\n${refused.map((name) => `  ${name}`).join("\n")}\n` +
            "A claim made anew is an empty volume; a Secret made anew has what state and configuration know, and nothing else.\n" +
            "Bring them back from a backup, or accept the loss by name:\n" +
            `  ./plinth launch ${stack} ${refused.map((name) => `--recreate ${name}`).join(" ")}`,
    );
}

async function lostObjects({ engine, backend }: Ready, stack: string): Promise<{ lost: string[]; previewed: boolean }> {
    const pulumi = (args: readonly string[]) => read(engine.command, [...args, "--stack", stack], { env: backend.env });
    const state = await pulumi(["stack", "export"]);
    if (!state.ok) throw new UserError(`The state of "${stack}" could not be read: ${state.stderr.trim()}`);
    const { deployment } = JSON.parse(state.stdout) as { deployment?: { resources?: Resource[] } };
    const kept = (deployment?.resources ?? []).filter(
        ({ type, outputs }) => type.startsWith("kubernetes:") && irreplaceable.includes(outputs?.kind ?? ""),
    );
    if (kept.length === 0) return { lost: [], previewed: false };
    const preview = await pulumi(["preview", "--refresh", "--json"]);
    if (!preview.ok) {
        // The same again for people: the engine's own words, and what they mean here.
        await run(engine.command, ["preview", "--refresh", "--stack", stack], { env: backend.env });
        throw new UserError(`The preview of "${stack}" failed once and succeeded then: run it again`);
    }
    const { steps } = JSON.parse(preview.stdout) as { steps: { op: string; urn: string }[] };
    const created = new Set(steps.filter(({ op }) => op === "create").map(({ urn }) => urn));
    return { lost: kept.filter(({ urn }) => created.has(urn)).map(nameOf), previewed: true };
}

const nameOf = ({ outputs }: Resource): string =>
    [outputs!.kind!.toLowerCase(), outputs!.metadata?.namespace, outputs!.metadata?.name]
        .filter((part) => part !== undefined)
        .join("/");

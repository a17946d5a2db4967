import { precious } from "../components/kinds";
import { suggest } from "../config/problems";
import type { Ready } from "./engine";
import { UserError } from "./errors";
import type { RenderedObject } from "./rendering";
import { read, run } from "./shell";

/** Kinds that come back empty, or not at all, when they are made anew. */
export const irreplaceable: readonly string[] = [...precious, "Secret"];

interface Resource {
    readonly urn: string;
    readonly type: string;
    readonly inputs?: Partial<RenderedObject>;
    readonly outputs?: Partial<RenderedObject>;
}

interface State {
    readonly deployment?: {
        readonly resources?: readonly Resource[];
        readonly pending_operations?: readonly { readonly resource: Resource }[];
    };
}

/** What the engine would do to an object that holds data, in words for people. */
const meanings: Readonly<Record<string, string>> = {
    create: "is gone from the cluster, though the stack's state has it, and would be made anew",
    replace: "would be deleted and made anew: what changes about it cannot change in place",
    delete: "would be deleted: the stack's configuration no longer has it",
};

/**
 * Makes sure that nothing which holds data is silently deleted, or replaced by an empty one.
 *
 * @param allowed objects whose loss the user accepts: `KIND/NAMESPACE/NAME`
 * @returns whether the whole run has been previewed on the way
 * @throws UserError that names every loss without consent, or what the preview refuses; nothing is changed
 */
export async function checkLosses(ready: Ready, stack: string, allowed: readonly string[]): Promise<boolean> {
    const { losses, previewed } = await findLosses(ready, stack);
    const names = losses.map(({ name }) => name);
    const unknown = allowed.filter((name) => !names.includes(name));
    if (unknown.length > 0)
        throw new UserError(
            unknown
                .map(
                    (name) =>
                        `--accept-loss ${name}: would not be lost${suggest(name, names)}; would be: ${names.join(", ") || "nothing"}`,
                )
                .join("\n"),
        );
    const refused = losses.filter(({ name }) => !allowed.includes(name));
    if (refused.length === 0) return previewed;
    throw new UserError(
        `Data would be lost. Nothing was changed.\n${refused.map(({ name, why }) => `  ${name} ${why}`).join("\n")}\n` +
            "A claim made anew is an empty volume; a Secret made anew has what state and configuration know, and nothing else.\n" +
            "Undo the change or bring them back from a backup, or accept the loss by name:\n" +
            `  ./plinth launch ${stack} ${refused.map(({ name }) => `--accept-loss ${name}`).join(" ")}`,
    );
}

async function findLosses(
    { engine, backend }: Ready,
    stack: string,
): Promise<{ losses: { name: string; why: string }[]; previewed: boolean }> {
    const { deployment } = await stateOf({ engine, backend }, stack);
    const kept = (deployment?.resources ?? []).filter(
        ({ type, outputs }) => type.startsWith("kubernetes:") && irreplaceable.includes(outputs?.kind ?? ""),
    );
    if (kept.length === 0) return { losses: [], previewed: false };
    const args = ["preview", "--refresh", "--stack", stack];
    const preview = await read(engine.command, [...args, "--json"], { env: backend.env });
    if (!preview.ok) {
        // The same again for people: the engine's own words, and what they mean here.
        await run(engine.command, args, { env: backend.env });
        throw new UserError(`The preview of "${stack}" failed once and succeeded then: run it again`);
    }
    const { steps } = JSON.parse(preview.stdout) as { steps: { op: string; urn: string }[] };
    const losses = kept.flatMap((resource) => {
        const ops = steps.filter(({ urn }) => urn === resource.urn).map(({ op }) => op);
        const op = ops.some((step) => /replace/.test(step)) ? "replace" : ops.find((step) => step in meanings);
        // A Secret goes with the component that used it; its volumes and namespaces are the data.
        if (!op || (op === "delete" && !precious.includes(resource.outputs!.kind!))) return [];
        return [{ name: nameOf(resource.outputs!), why: meanings[op]! }];
    });
    return { losses, previewed: true };
}

async function stateOf({ engine, backend }: Ready, stack: string): Promise<State> {
    const state = await read(engine.command, ["stack", "export", "--stack", stack], { env: backend.env });
    if (!state.ok) throw new UserError(`The state of "${stack}" could not be read: ${state.stderr.trim()}`);
    return JSON.parse(state.stdout) as State;
}

/**
 * Makes sure that a recovery takes over only what an interrupted run of this very state has created: volumes and
 * Secrets of another state would get new passwords, which their data do not know.
 *
 * @param existing objects in the cluster that carry the stack's label
 * @throws UserError that names those which the state knows nothing of
 */
export async function checkKnown(ready: Ready, stack: string, existing: readonly RenderedObject[]): Promise<void> {
    const { deployment } = await stateOf(ready, stack);
    const resources = [
        ...(deployment?.resources ?? []),
        ...(deployment?.pending_operations ?? []).map(({ resource }) => resource),
    ];
    const known = new Set(
        resources.flatMap(({ inputs, outputs }) =>
            [inputs, outputs].flatMap((object) => (object?.kind ? nameOf(object) : [])),
        ),
    );
    const unknown = existing.filter((object) => irreplaceable.includes(object.kind) && !known.has(nameOf(object)));
    if (unknown.length === 0) return;
    throw new UserError(
        `These are in the cluster with the label of "${stack}", but its state knows nothing of them. Nothing was changed.\n${unknown.map((object) => `  ${nameOf(object)}`).join("\n")}\n` +
            "They come from another state: another login or PULUMI_BACKEND_URL, or a state that was lost. Taken over, the passwords in them would be\n" +
            "overwritten with new ones that the databases do not know. Go back to that state, or save what they hold and remove them.",
    );
}

const nameOf = ({ kind, metadata }: Partial<RenderedObject>): string =>
    [kind?.toLowerCase(), metadata?.namespace, metadata?.name].filter((part) => part !== undefined).join("/");

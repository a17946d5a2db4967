import { precious } from "../../components/kinds";
import { consentName, passwordConsentName } from "../../components/names";
import { suggest } from "../../config/problems";
import type { Step } from "../engine/enginePreview";
import type { Resource, State } from "../engine/state";
import { UserError } from "../system/errors";
import type { RenderedObject, Rendering } from "../render/rendering";

/** Kinds that come back empty, or not at all, when they are made anew. */
export const irreplaceable: readonly string[] = [...precious, "Secret"];

/** Something that a run would lose. */
export interface Loss {
    /** `KIND/NAMESPACE/NAME` in lower case, by which it is accepted. */
    readonly name: string;
    readonly op: Op;
    readonly urn: string;
    /** Whether the state protects it from being replaced or deleted. */
    readonly isProtected: boolean;
}

type Op = "create" | "replace" | "delete";

const isObject = ({ type }: Resource): boolean => type.startsWith("kubernetes:");

/** Generated for an instance, and known to its data: the stack's own key for digests may change at any time. */
const isPassword = ({ type, urn }: Resource): boolean => type.endsWith(":RandomPassword") && urn.includes("$random:");

/** What the engine would do, in words; by how the resource would be lost. */
const meanings: Readonly<Record<Op, string>> = {
    create: "is gone from the cluster, though the stack's state has it, and would be made anew",
    replace: "would be deleted and made anew: what changes about it cannot change in place",
    delete: "would be deleted: the stack's configuration no longer has it",
};

/** By what each kind is lost. A Secret goes with the component that used it; the engine alone knows a password. */
const lostBy: Readonly<Record<string, readonly Op[]>> = {
    ...Object.fromEntries(precious.map((kind) => [kind, ["create", "replace", "delete"]])),
    Secret: ["create", "replace"],
    // Made anew it finds its volumes again.
    StatefulSet: ["replace", "delete"],
    RandomPassword: ["replace", "delete"],
};

/**
 * What a run would lose: volumes, namespaces, databases, Secrets made anew, and generated passwords.
 *
 * @param resources the stack's state before the run
 * @param steps what the run would do
 * @param atRest namespaces of instances that the configuration stops or removes: their databases go, their volumes stay
 */
export function lossesIn(resources: readonly Resource[], steps: readonly Step[], atRest: readonly string[]): Loss[] {
    return resources.flatMap((resource) => {
        const ops = steps.filter(({ urn }) => urn === resource.urn).map(({ op }) => op);
        const op = ops.some((step) => /replace/.test(step)) ? "replace" : ops.find(isMeant);
        const { urn, outputs } = resource;
        const kind = isPassword(resource) ? "RandomPassword" : isObject(resource) ? outputs?.kind : undefined;
        if (!op || !kind || !lostBy[kind]?.includes(op)) return [];
        const namespace = outputs?.metadata?.namespace ?? "";
        if (kind === "StatefulSet" && op === "delete" && atRest.includes(namespace)) return [];
        const name = isPassword(resource) ? passwordConsentName(nameInUrn(urn)) : consentName(outputs!);
        return [{ name, op, urn, isProtected: resource.protect ?? false }];
    });
}

const isMeant = (op: string): op is Op => Object.hasOwn(meanings, op);

/** The namespaces of instances that are stopped or removed. */
export const atRestIn = ({ instances }: Rendering["outputs"]): string[] =>
    Object.values(instances)
        .filter(({ state }) => state !== "running")
        .map(({ namespace }) => namespace);

/** What may be lost. */
export interface Consent {
    /** By `plinth:acceptLoss` in the stack's file, which is reviewed with the change. */
    readonly written: readonly string[];
    /** On the command line, for this one run. @default nothing */
    readonly given?: readonly string[];
    /** Whether the program protects what holds data, but for what is written. @default true */
    readonly protects?: boolean;
}

/**
 * Why a run is refused: losses without consent, protection that the consent does not lift, or consent on the command
 * line to what is not lost.
 *
 * @returns undefined when nothing stands against it
 */
export function refusalOf(
    stack: string,
    losses: readonly Loss[],
    { written, given = [], protects = true }: Consent,
): string | undefined {
    const names = losses.map(({ name }) => name);
    const unknown = given.filter((name) => !names.includes(name));
    if (unknown.length > 0)
        return unknown
            .map(
                (name) =>
                    `--accept-loss ${name}: would not be lost${suggest(name, names)}; would be: ${names.join(", ") || "nothing"}`,
            )
            .join("\n");
    // The engine replaces what the program does not protect any more, and deletes only what the state does not.
    const isHeld = ({ name, op, isProtected }: Loss) =>
        isProtected && (op === "delete" || (op === "replace" && protects && !written.includes(name)));
    const refused = losses.filter((loss) => ![...written, ...given].includes(loss.name) || isHeld(loss));
    if (refused.length === 0) return undefined;
    const held = refused.filter(isHeld);
    const lines = refused.map(
        (loss) => `  ${loss.name} ${meanings[loss.op]}${isHeld(loss) ? "; it is protected" : ""}`,
    );
    return (
        `Data would be lost. Nothing was changed.\n${lines.join("\n")}\n` +
        "A claim made anew is an empty volume; a Secret made anew has what state and configuration know, and nothing else.\n" +
        `Undo the change or bring them back from a backup, or accept the loss by name${remedy(stack, refused, held)}` +
        `  plinth:acceptLoss: [${names.join(", ")}]${liftedByHand(stack, held)}`
    );
}

/** What leads to the line in the stack's file; the command line lifts no protection, which the next run would want back. */
const remedy = (stack: string, refused: readonly Loss[], held: readonly Loss[]): string =>
    held.length > 0
        ? ` in Pulumi.${stack}.yaml until it is done, which lifts the protection from what is replaced:\n`
        : `: for one run\n  ./plinth launch ${stack} ${refused.map(({ name }) => `--accept-loss ${name}`).join(" ")}\n` +
          `or, where the change is reviewed and continuous delivery runs it, in Pulumi.${stack}.yaml until it is done:\n`;

function liftedByHand(stack: string, held: readonly Loss[]): string {
    const urns = held.filter(({ op }) => op === "delete").map(({ urn }) => `'${urn}'`);
    if (urns.length === 0) return "";
    return (
        "\nWhat is deleted stays protected until this is run. An instance that is to keep its data is not taken out of the file, but gets\n" +
        `\`state: removed\`; to give it up for good: ./plinth purge.\n  pulumi state unprotect ${urns.join(" ")} --stack ${stack}`
    );
}

/** What to say of lines in `plinth:acceptLoss` that accept nothing: left there they would let a later loss pass. */
export function spentConsent(stack: string, losses: readonly Loss[], written: readonly string[]): string | undefined {
    const spent = written.filter((accepted) => !losses.some(({ name }) => name === accepted));
    if (spent.length === 0) return undefined;
    return (
        `plinth:acceptLoss in Pulumi.${stack}.yaml names what would not be lost: ${spent.join(", ")}.\n` +
        "Take it out when the loss has happened, or put the name right: left there it takes the protection away and would let a later loss pass."
    );
}

/** What to say when lines in `plinth:acceptLoss` have had their loss: what was made anew is unprotected until they go. */
export function servedConsent(stack: string, losses: readonly Loss[], written: readonly string[]): string | undefined {
    const served = losses.filter(({ name }) => written.includes(name)).map(({ name }) => name);
    if (served.length === 0) return undefined;
    return (
        `plinth:acceptLoss in Pulumi.${stack}.yaml has had its loss: ${served.join(", ")}.\n` +
        `Take it out now, and launch again: what was made anew has no protection until then.`
    );
}

/** What the stack's state has that could be lost; none before its first run. */
export const losable = (state: State | undefined): Resource[] =>
    (state?.deployment?.resources ?? []).filter((resource) => isObject(resource) || isPassword(resource));

/**
 * Makes sure that a recovery takes over only what an interrupted run of this very state has created: volumes and
 * Secrets of another state would get new passwords, which their data do not know.
 *
 * @param existing objects in the cluster that carry the stack's label
 * @throws UserError that names those which the state knows nothing of
 */
export function checkKnown(stack: string, state: State | undefined, existing: readonly RenderedObject[]): void {
    const { deployment } = state ?? {};
    const resources = [
        ...(deployment?.resources ?? []),
        ...(deployment?.pending_operations ?? []).map(({ resource }) => resource),
    ];
    const known = new Set(
        resources.flatMap(({ inputs, outputs }) =>
            [inputs, outputs].flatMap((object) => (object?.kind ? consentName(object) : [])),
        ),
    );
    const unknown = existing.filter((object) => irreplaceable.includes(object.kind) && !known.has(consentName(object)));
    if (unknown.length === 0) return;
    throw new UserError(
        `These are in the cluster with the label of "${stack}", but its state knows nothing of them. Nothing was changed.\n${unknown.map((object) => `  ${consentName(object)}`).join("\n")}\n` +
            "They come from another state: another login or PULUMI_BACKEND_URL, or a state that was lost. Taken over, the passwords in them would be\n" +
            "overwritten with new ones that the databases do not know. Go back to that state, or save what they hold and remove them.",
    );
}

export const nameInUrn = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

import { leavesVolumes, ownsVolumes, precious } from "../../components/kinds";
import { consentName, keyConsentName, passwordConsentName } from "../../components/names";
import { suggest } from "../../config/problems";
import type { Step } from "../engine/enginePreview";
import type { Resource, State } from "../engine/state";
import { UserError } from "../system/errors";
import type { RenderedObject, Rendering } from "../render/rendering";

/** Kinds that lose their contents when they are recreated. */
export const irreplaceable: readonly string[] = [...precious, "Secret"];

/** An object or value that a run would lose. */
export interface Loss {
    /** `KIND/NAMESPACE/NAME` in lower case, as used to accept the loss. */
    readonly name: string;
    readonly op: Op;
    readonly urn: string;
    /** Whether the state protects it from being replaced or deleted. */
    readonly isProtected: boolean;
}

type Op = "create" | "replace" | "delete";

const isObject = ({ type }: Resource): boolean => type.startsWith("kubernetes:");

/**
 * What an instance's generated values are accepted as, by the kind of resource that generates them. The stack's own
 * digest key may change at any time.
 */
const generators: Readonly<Record<string, (resource: string) => string>> = {
    RandomPassword: passwordConsentName,
    PrivateKey: keyConsentName,
};

/** The kind of resource that generates a value of an instance, which its data depends on; undefined for others. */
const generatorOf = ({ type, urn }: Resource): string | undefined =>
    Object.keys(generators).find((kind) => type.endsWith(`:${kind}`) && /\$(random|tls):/.test(urn));

/** Explanations for messages, by how the resource would be lost. */
const meanings: Readonly<Record<Op, string>> = {
    create: "is in the stack's state but missing from the cluster, and would be recreated",
    replace: "would be deleted and recreated, because the changed fields cannot be updated in place",
    delete: "would be deleted, because the stack's configuration no longer contains it",
};

const anyOp: readonly Op[] = ["create", "replace", "delete"];

/**
 * The operations that lose each kind. A Secret may be deleted with the component that used it; a generated value exists
 * only in the engine's state.
 */
const lostBy: Readonly<Record<string, readonly Op[]>> = {
    ...Object.fromEntries(precious.map((kind) => [kind, anyOp])),
    Secret: ["create", "replace"],
    ...Object.fromEntries(Object.keys(generators).map((kind) => [kind, ["replace", "delete"] as const])),
};

/**
 * What a run would lose: volumes, namespaces, databases, recreated Secrets, and generated values.
 *
 * @param resources the stack's state before the run
 * @param steps what the run would do
 * @param atRest namespaces of instances that the configuration stops or removes: their databases are deleted, their
 * volumes kept
 */
export function lossesIn(resources: readonly Resource[], steps: readonly Step[], atRest: readonly string[]): Loss[] {
    return resources.flatMap((resource) => {
        const ops = steps.filter(({ urn }) => urn === resource.urn).map(({ op }) => op);
        const op = ops.some((step) => /replace/.test(step)) ? "replace" : ops.find(isLossOp);
        const { urn, outputs } = resource;
        const generator = generatorOf(resource);
        const kind = generator ?? (isObject(resource) ? outputs?.kind : undefined);
        if (!op || !kind || !opsThatLose(kind, outputs)?.includes(op)) return [];
        const namespace = outputs?.metadata?.namespace ?? "";
        if (foundAgain(kind, outputs) && op === "delete" && atRest.includes(namespace)) return [];
        const name = generator ? generators[generator]!(nameInUrn(urn)) : consentName(outputs!);
        return [{ name, op, urn, isProtected: resource.protect ?? false }];
    });
}

/** Whether servers find their volumes again when they are recreated. */
const foundAgain = (kind: string, { apiVersion = "" }: Resource["outputs"] = {}): boolean =>
    kind === "StatefulSet" || leavesVolumes({ apiVersion, kind });

const opsThatLose = (kind: string, outputs: Resource["outputs"] = {}): readonly Op[] | undefined => {
    if (ownsVolumes({ apiVersion: outputs.apiVersion ?? "", kind })) return anyOp;
    return foundAgain(kind, outputs) ? ["replace", "delete"] : lostBy[kind];
};

const isLossOp = (op: string): op is Op => Object.hasOwn(meanings, op);

/** The namespaces of instances that are stopped or removed. */
export const atRestIn = ({ instances }: Rendering["outputs"]): string[] =>
    Object.values(instances)
        .filter(({ state }) => state !== "running")
        .map(({ namespace }) => namespace);

/** The losses that were accepted. */
export interface Consent {
    /** From `plinth:acceptLoss` in the stack file, which is reviewed with the change. */
    readonly written: readonly string[];
    /** From the command line, for this run only. @default none */
    readonly given?: readonly string[];
    /** Whether Plinth protects objects that hold data, except those in `written`. @default true */
    readonly protects?: boolean;
}

/**
 * Why a run is refused: losses without consent, protection that the consent does not lift, or consent on the command
 * line to something that would not be lost.
 *
 * @returns undefined if the run may proceed
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
    // The engine replaces what the program no longer protects, but deletes only what the state does not protect.
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
        "A recreated claim is an empty volume; a recreated Secret contains only what state and configuration contain.\n" +
        `Undo the change, restore them from a backup, or accept the loss by name${remedy(stack, refused, held)}` +
        `  plinth:acceptLoss: [${names.join(", ")}]${unprotectHint(stack, held)}`
    );
}

/**
 * Introduces the line for the stack file. The command line cannot lift protection, because the next run would restore
 * it.
 */
const remedy = (stack: string, refused: readonly Loss[], held: readonly Loss[]): string =>
    held.length > 0
        ? ` in Pulumi.${stack}.yaml until the run is done, which lifts the protection from replaced objects:\n`
        : `: for one run\n  ./plinth launch ${stack} ${refused.map(({ name }) => `--accept-loss ${name}`).join(" ")}\n` +
          `or, if the change is reviewed and applied by continuous delivery, in Pulumi.${stack}.yaml until the run is done:\n`;

function unprotectHint(stack: string, held: readonly Loss[]): string {
    const urns = held.filter(({ op }) => op === "delete").map(({ urn }) => `'${urn}'`);
    if (urns.length === 0) return "";
    return (
        "\nDeleted objects stay protected until you run the command below. To keep an instance's data, do not remove it from the file, but set\n" +
        `\`state: removed\`; to delete it permanently: ./plinth purge.\n  pulumi state unprotect ${urns.join(" ")} --stack ${stack}`
    );
}

/** The message about entries in `plinth:acceptLoss` that accept nothing: left there, they would permit a later loss. */
export function unusedConsent(stack: string, losses: readonly Loss[], written: readonly string[]): string | undefined {
    const spent = written.filter((accepted) => !losses.some(({ name }) => name === accepted));
    if (spent.length === 0) return undefined;
    return (
        `plinth:acceptLoss in Pulumi.${stack}.yaml names objects that would not be lost: ${spent.join(", ")}.\n` +
        "Remove an entry once its loss has happened, or correct the name: left there, it removes the protection and would permit a later loss."
    );
}

/**
 * The message about entries in `plinth:acceptLoss` whose loss has happened: recreated objects are unprotected until the
 * entries are removed.
 */
export function fulfilledConsent(
    stack: string,
    losses: readonly Loss[],
    written: readonly string[],
): string | undefined {
    const served = losses.filter(({ name }) => written.includes(name)).map(({ name }) => name);
    if (served.length === 0) return undefined;
    return (
        `plinth:acceptLoss in Pulumi.${stack}.yaml is no longer needed; the loss has happened: ${served.join(", ")}.\n` +
        `Remove it now and launch again: the recreated objects are not protected until then.`
    );
}

/** Resources in the stack's state that could be lost; none before its first run. */
export const losable = (state: State | undefined): Resource[] =>
    (state?.deployment?.resources ?? []).filter(
        (resource) => isObject(resource) || generatorOf(resource) !== undefined,
    );

/**
 * Ensures that a recovery adopts only objects that an interrupted run of the same state has created: volumes and
 * Secrets of a different state would get new passwords, which do not match their data.
 *
 * @param existing objects in the cluster that have the stack's label
 * @throws UserError that lists those missing from the state
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
        `These objects in the cluster have the label of "${stack}", but are not in its state. Nothing was changed.\n${unknown.map((object) => `  ${consentName(object)}`).join("\n")}\n` +
            "They come from a different state: a different login or PULUMI_BACKEND_URL, or a lost state. If they were adopted, the passwords in them would be\n" +
            "replaced by new ones that do not match the databases. Return to that state, or save their contents and delete them.",
    );
}

export const nameInUrn = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

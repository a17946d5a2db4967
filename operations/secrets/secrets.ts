import { isDatabase, leavesVolumes } from "../../components/kinds";
import { partsOfKey } from "../../components/privateKey";
import { credentialSecrets, credentialsOwner } from "../../config/credentials";
import { platformFor } from "../../config/platform";
import { namespaceOf } from "../../config/unique";
import { ConfigError, type SecretName, suggest } from "../../config/problems";
import { placeholder, ruleOf, type SecretRule } from "../../config/secrets";
import { UserError } from "../system/errors";
import { findInstances } from "../stackfile/instances";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";

/** One secret key of one instance, or of `images`: the passwords of `plinth:images.credentials`. */
export interface SecretKey extends SecretName {
    readonly rule: SecretRule;
}

/** How messages refer to a key, for any owner. */
export const secretName = ({ instance, key }: SecretName): string => `secret "${key}" of ${instance}`;

/** Where a value is stored in the cluster. */
export interface Place {
    readonly namespace: string;
    readonly secret: string;
    /** Key within the Secret. */
    readonly key: string;
}

/** The state of a key in a stack. */
export interface SecretState extends SecretKey {
    /**
     * `set`: in the stack's configuration. `generated`: not set, so the program generates a value, which is kept in the
     * state. `missing`: not set, but the stack cannot be deployed without it. `unused`: not set, and nothing needs it.
     * `existing`: it is in a Secret of others.
     */
    readonly value: "set" | "generated" | "missing" | "unused" | "existing";
    /** Secrets that contain it, alone or as a part; empty if nothing uses it. */
    readonly places: readonly Place[];
    /** Length of the value that is generated if none is set. @default none is generated */
    readonly length?: number;
}

/** The values that are set, by instance and key. */
type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The secret keys that a stack's instances may have, and those of its registry accounts.
 *
 * @param instance instance to limit this to, or `images`. @default all
 * @throws ConfigError or UserError if the stack or instance does not exist
 */
export function secretKeys(session: Session, instance?: string): SecretKey[] {
    const config = session.config();
    const platforms = session.platforms();
    const owners = config.instances.map(
        ({ name, platform }) => [name, platformFor(platforms[platform]!.config, config.facts[name]).secrets] as const,
    );
    const ofRegistries = credentialSecrets(config.images);
    const all = Object.keys(ofRegistries).length > 0 ? [...owners, [credentialsOwner, ofRegistries] as const] : owners;
    if (instance !== undefined && !all.some(([name]) => name === instance)) findInstances(config, [instance]);
    return all
        .filter(([name]) => instance === undefined || name === instance)
        .flatMap(([name, rules]) =>
            Object.keys(rules).map((key) => ({ instance: name, key, rule: ruleOf(rules, key)! })),
        );
}

/** Where the value of a key is that others create. */
function existingPlace(session: Session, { instance, key }: SecretName): Place | undefined {
    const { secretsFrom, instances } = session.config();
    const from = secretsFrom[instance]?.[key];
    if (!from) return undefined;
    const namespace = from.namespace ?? namespaceOf(instances.find(({ name }) => name === instance)!);
    return { namespace, secret: from.secret, key: from.key };
}

/** @throws UserError if the instance's platform has no such key, or others create its value */
export function chooseKey(session: Session, instance: string, key: string): SecretKey {
    const keys = secretKeys(session, instance);
    const chosen = keys.find((candidate) => candidate.key === key);
    const from = chosen && existingPlace(session, chosen);
    if (from)
        throw new UserError(
            `Nothing was changed: plinth:secretsFrom.${instance}.${key} says that the value is in the Secret ${from.namespace}/${from.secret}, key ${from.key}. Change it there, then: ./plinth launch ${session.stack}`,
        );
    if (chosen) return chosen;
    const known = keys.map((candidate) => candidate.key);
    throw new UserError(
        `"${instance}" has no secret "${key}"${suggest(key, known)}; allowed: ${known.join(", ") || "none"}`,
    );
}

/**
 * The state of secret keys, determined from two renderings: the stack as it is, and with all of the keys set. The
 * values themselves are neither needed nor read.
 *
 * @param unset a key to treat as not set. @default none
 * @throws ConfigError that lists every other problem in the stack's configuration
 */
export async function secretStates(
    session: Session,
    keys: readonly SecretKey[],
    unset?: SecretName,
): Promise<SecretState[]> {
    const set = valuesOf(session);
    if (unset) set[unset.instance] = without(set[unset.instance], unset.key);
    const { rendering, missing } = await renderWith(session, set);
    const marks = keys.map((_, index) => placeholder(`key-${index}-`));
    const marked = keys.reduce(
        (values, one, index) => (existingPlace(session, one) ? values : withValue(values, one, marks[index]!)),
        set,
    );
    const objects = await renderedWith(session, marked, set);
    return keys.map((one, index) => {
        const from = existingPlace(session, one);
        if (from) return { ...one, places: [from], value: "existing" };
        const places = placesOf(objects, marks[index]!).filter((place) => valueAt(rendering, place) !== undefined);
        const isSet = set[one.instance]?.[one.key] !== undefined;
        const isMissing = missing.some(({ instance, key }) => instance === one.instance && key === one.key);
        const length = isSet || isMissing ? undefined : generatedLength(rendering, places);
        return {
            ...one,
            places,
            value: isSet ? "set" : isMissing ? "missing" : places.length > 0 ? "generated" : "unused",
            ...(length === undefined ? {} : { length }),
        };
    });
}

/**
 * The places that will contain a key's value once it is set.
 *
 * @throws ConfigError that lists every problem that the stack then has, except missing keys
 */
export async function placesOnceSet(session: Session, one: SecretKey): Promise<Place[]> {
    const mark = placeholder("once-set");
    const { rendering } = await renderWith(session, withValue(valuesOf(session), one, mark));
    return placesOf(rendering.objects, mark);
}

/**
 * Whether mariadb-operator logs in with a value in one of these places. It does not change it in the servers, and would
 * be locked out of them.
 */
export const isOperatorsLogin = (objects: readonly RenderedObject[], places: readonly Place[]): boolean =>
    objects
        .filter((object) => leavesVolumes(object) && isDatabase(object))
        .some(({ metadata, spec }) => {
            const { name, key } = (spec as { readonly rootPasswordSecretKeyRef: { name: string; key: string } })
                .rootPasswordSecretKeyRef;
            return places.some(
                (place) => place.namespace === metadata.namespace && place.secret === name && place.key === key,
            );
        });

/** What depends on a secret key. */
export interface Dependents {
    /** Secrets that change with the value, including those that contain only a digest of it. */
    readonly secrets: readonly Named[];
    /** Workloads whose pods are replaced when it changes. */
    readonly workloads: readonly Named[];
}

export interface Named {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
}

/** The differences between two renderings that differ in the value of one key. */
export async function dependentsOf(session: Session, one: SecretKey): Promise<Dependents> {
    const set = valuesOf(session);
    const render = async (mark: string) =>
        (await renderWith(session, withValue(set, one, placeholder(mark)))).rendering.objects;
    const [before, after] = [await render("before"), await render("after")];
    const changed = after.filter((object, index) => JSON.stringify(object) !== JSON.stringify(before[index]));
    const named = ({ kind, metadata }: RenderedObject) => ({
        kind,
        namespace: metadata.namespace!,
        name: metadata.name,
    });
    return {
        secrets: changed.filter(({ kind }) => kind === "Secret").map(named),
        workloads: changed.filter(({ kind }) => kind !== "Secret").map(named),
    };
}

/** Placeholders for the values that the stack's configuration sets. */
const valuesOf = (session: Session): Record<string, Record<string, string>> =>
    JSON.parse(session.file().config["plinth:secrets"] ?? "{}") as Record<string, Record<string, string>>;

const without = (values: Readonly<Record<string, string>> = {}, key: string): Record<string, string> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));

const withValue = (values: Values, { instance, key }: SecretName, value: string): Values => ({
    ...values,
    [instance]: { ...values[instance], [key]: value },
});

/** Renders with placeholders for the values that are set and for the missing ones, which the program reports. */
async function renderWith(
    session: Session,
    values: Values,
): Promise<{ rendering: Rendering; missing: readonly SecretKey[] }> {
    const config = { "plinth:secrets": JSON.stringify(values) };
    try {
        return { rendering: await session.renderWith({ config }), missing: [] };
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const lacks = error.problems.flatMap((problem) => problem.lacks ?? []);
        const missing = secretKeys(session).filter(
            ({ instance, key }) =>
                values[instance]?.[key] === undefined &&
                lacks.some((one) => one.instance === instance && one.key === key),
        );
        if (missing.length === 0) throw error;
        const complete = missing.reduce((all, one) => withValue(all, one, placeholder(one.key)), values);
        const next = await renderWith(session, complete);
        return { rendering: next.rendering, missing: [...missing, ...next.missing] };
    }
}

/** The objects with every key set; for mutually exclusive keys, the objects with each of them alone. */
async function renderedWith(session: Session, marked: Values, set: Values): Promise<RenderedObject[]> {
    const refused = (error: unknown): [] => {
        if (error instanceof ConfigError) return [];
        throw error;
    };
    const render = async (values: Values) => [...(await renderWith(session, values)).rendering.objects];
    const all = await render(marked).catch(refused);
    if (all.length > 0) return all;
    const changes = Object.entries(marked).flatMap(([instance, values]) =>
        Object.entries(values)
            .filter(([key, value]) => set[instance]?.[key] !== value)
            .map(([key, value]) => ({ instance, key, value })),
    );
    const each: RenderedObject[] = [];
    for (const { value, ...one } of changes) each.push(...(await render(withValue(set, one, value)).catch(refused)));
    return each;
}

const entriesOf = ({ kind, stringData }: RenderedObject): [string, string][] =>
    kind === "Secret" ? Object.entries((stringData ?? {}) as Record<string, string>) : [];

/** A mark that must be a private key is represented by one. */
function placesOf(objects: readonly RenderedObject[], mark: string): Place[] {
    const parts = [mark, ...partsOfKey(mark)];
    return objects.flatMap((object) =>
        entriesOf(object)
            .filter(([, value]) => parts.some((part) => value.includes(part)))
            .map(([key]) => ({ namespace: object.metadata.namespace!, secret: object.metadata.name, key })),
    );
}

function valueAt({ objects }: Rendering, { namespace, secret, key }: Place): string | undefined {
    const found = objects.find(
        ({ kind, metadata }) => kind === "Secret" && metadata.namespace === namespace && metadata.name === secret,
    );
    return found && Object.fromEntries(entriesOf(found))[key];
}

/** The length of the generated password that makes up one of these values. */
function generatedLength(rendering: Rendering, places: readonly Place[]): number | undefined {
    const values = places.map((place) => valueAt(rendering, place));
    const found = rendering.resources.find(
        ({ type, name }) => type === "random:index/randomPassword:RandomPassword" && values.includes(placeholder(name)),
    );
    return found?.inputs["length"] as number | undefined;
}

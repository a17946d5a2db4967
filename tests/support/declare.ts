import { z } from "zod";
import { PlainPlan, type PlainResource } from "../../operations/render/plainPlan";
import { clusterProvider } from "../../components/cluster";
import { Instance } from "../../components/instance";
import { planStack } from "../../components/planStack";
import { Stack } from "../../components/stack";
import { backupSecrets } from "../../config/backup";
import { brokerSecrets } from "../../config/broker";
import { cacheSecrets, cacheSecretsOf } from "../../config/cache";
import { databaseSecrets, databaseSecretsOf } from "../../config/database";
import { edgeSecrets } from "../../config/edge";
import { instanceFields } from "../../config/fields";
import { objectStorageSecrets } from "../../config/objectStorage";
import { type Given, readStack } from "../../config/read";
import { images } from "../../platforms/opencart/images";

/** A Kubernetes object as it would be sent. */
export interface Sent {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: {
        name: string;
        namespace?: string;
        labels: Record<string, string>;
        annotations: Record<string, string>;
    };
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into objects of every kind
    readonly [field: string]: any;
}

export interface DeclareArgs {
    /** Keys of the instance besides platform and host. @default none */
    readonly instance?: Readonly<Record<string, unknown>>;
    /** Values of other `plinth:*` keys. @default none */
    readonly values?: Readonly<Record<string, unknown>>;
    /** @default "dev" */
    readonly stack?: string;
    readonly preview?: boolean;
    /** Secret keys that may be set, in addition to those of components and those in use. @default none */
    readonly secrets?: readonly string[];
}

/** A platform for tests of single components: the common keys, and whatever the test declares. */
const bench = (secrets: readonly string[]) => ({
    name: "bench",
    schema: z.looseObject({ platform: z.literal("bench"), ...instanceFields }),
    defaults: () => ({}),
    secrets: {
        ...databaseSecrets,
        ...databaseSecretsOf("orders"),
        ...cacheSecrets,
        ...cacheSecretsOf("sessions"),
        ...brokerSecrets,
        ...objectStorageSecrets,
        ...backupSecrets,
        ...edgeSecrets,
        ...Object.fromEntries(secrets.map((key) => [key, key])),
    },
    images,
});

/** Configuration as passed by the engine, from the values below `plinth:`. */
export const givenOf = (values: Readonly<Record<string, unknown>>, stack = "dev"): Given => ({
    project: "plinth",
    stack,
    config: Object.fromEntries(Object.entries(values).map(([key, value]) => [`plinth:${key}`, JSON.stringify(value)])),
});

/** Declares components in an instance named `bench`; returns the resources to be sent. */
export async function declare(
    build: (instance: Instance<string>) => void,
    args: DeclareArgs = {},
): Promise<{ objects: Sent[]; resources: readonly PlainResource[]; warnings: string[] }> {
    const instances = { bench: { platform: "bench", host: "bench.example.org", ...args.instance } };
    const values: Record<string, unknown> = { ...args.values, instances };
    const secrets = Object.keys((args.values?.["secrets"] as { bench?: object } | undefined)?.bench ?? {});
    const given = givenOf(values, args.stack);
    const platform = bench([...secrets, ...(args.secrets ?? [])]);
    const { stack: config, secrets: set } = readStack(given, [platform]);
    const stack = new Stack(config, set, clusterProvider(config));
    const instance = new Instance<string>(stack, config.instances[0]!, platform);
    build(instance);
    planStack(stack, [instance]);
    const { resources } = new PlainPlan(stack.plan, { ...given, preview: args.preview ?? false });
    const { warnings } = stack;
    return { objects: objectsOf(resources), resources, warnings };
}

/** The Kubernetes objects among resources. */
export const objectsOf = (resources: readonly PlainResource[]): Sent[] =>
    resources
        .filter(({ type, isRead }) => type.startsWith("kubernetes:") && !isRead)
        .map(({ inputs }) => inputs as unknown as Sent);

/** The one object of a kind whose final name begins with `name`. */
export function find(objects: readonly Sent[], kind: string, name: string): Sent {
    const names = (suffix: RegExp) =>
        objects.find(
            (object) =>
                object.kind === kind &&
                object.metadata.name.startsWith(name) &&
                suffix.test(object.metadata.name.slice(name.length)),
        );
    const found = names(/^$/) ?? names(/^-[0-9a-f]{10}$/) ?? names(/^-/);
    if (!found)
        throw new Error(
            `no ${kind} "${name}" among ${objects.map((object) => `${object.kind}/${object.metadata.name}`).join(", ")}`,
        );
    return found;
}

/** Specification of the pods of a workload, including scheduled ones. */
export function podOf(objects: readonly Sent[], kind: string, name: string) {
    const { spec } = find(objects, kind, name);
    return (spec.jobTemplate?.spec ?? spec).template.spec;
}

/** A container of a workload's pods, including init containers. */
export function containerOf(objects: readonly Sent[], kind: string, name: string, which: string) {
    const { initContainers = [], containers } = podOf(objects, kind, name);
    return [...initContainers, ...containers].find((one: { name: string }) => one.name === which);
}

/** The problems of a run; empty if there are none. */
export async function problemsOf(declared: Promise<unknown>): Promise<string> {
    try {
        await declared;
        return "";
    } catch (error) {
        return (error as Error).message;
    }
}

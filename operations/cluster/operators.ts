import { cloudNativePgApi, isDatabase, mariadbOperatorApi } from "../../components/kinds";
import { hasOperator, type OperatedEngine, operatorNamespaces } from "../../config/operatedDatabase";
import type { StackConfig } from "../../config/stack";
import type { RenderedObject } from "../render/rendering";
import type { Kubectl } from "./kubectl";
import { KubectlError } from "./kubectlError";
import { UserError } from "../system/errors";

/** An operator that runs databases, in the release that the program is tested with. */
interface Operator {
    readonly name: string;
    /** API of its kinds. */
    readonly apiVersion: string;
    /** Its kind of which a database is an object, as kubectl takes it. */
    readonly resource: string;
    /** Its kind of which a database's pooler is one. @default none */
    readonly poolers?: string;
    /** Command that installs it with its CustomResourceDefinitions. */
    readonly install: string;
}

const mariadbCharts = "https://helm.mariadb.com/mariadb-operator";

const operators: Readonly<Record<OperatedEngine, Operator>> = {
    mariadb: {
        name: "mariadb-operator",
        apiVersion: mariadbOperatorApi,
        resource: "mariadbs.k8s.mariadb.com",
        install: ["mariadb-operator-crds", "mariadb-operator"]
            .map(
                (chart) =>
                    `helm upgrade --install ${chart} ${chart} --repo ${mariadbCharts} --version 25.10.4 --namespace ${operatorNamespaces.mariadb} --create-namespace`,
            )
            .join(" && "),
    },
    postgres: {
        name: "CloudNativePG",
        apiVersion: cloudNativePgApi,
        resource: "clusters.postgresql.cnpg.io",
        poolers: "poolers.postgresql.cnpg.io",
        install:
            "kubectl apply --server-side --filename https://raw.githubusercontent.com/cloudnative-pg/cloudnative-pg/release-1.30/releases/cnpg-1.30.0.yaml",
    },
};

type Instances = Pick<StackConfig, "instances">;

/** A stack's databases that are operators'. */
const operatedIn = ({ instances }: Instances): { readonly engine: OperatedEngine; readonly pooler?: unknown }[] =>
    instances.flatMap((instance) =>
        Object.values(instance).flatMap((value: unknown) => {
            const { topology, engine, pooler } = (value ?? {}) as Readonly<Record<string, unknown>>;
            return topology === "operator" && hasOperator(String(engine))
                ? [{ engine: engine as OperatedEngine, pooler }]
                : [];
        }),
    );

/** The kinds of which a stack's databases and their poolers are objects; none if no database is an operator's. */
export const operatedKinds = (config: Instances): string[] => [
    ...new Set(
        operatedIn(config).flatMap(({ engine, pooler }) => {
            const { resource, poolers } = operators[engine];
            return pooler === undefined || poolers === undefined ? [resource] : [resource, poolers];
        }),
    ),
];

/** Whether clients of a database of the stack go through an operator's pooler. */
export const hasPoolers = (config: Instances): boolean => operatedIn(config).some(({ pooler }) => pooler !== undefined);

/** An operator whose kinds a stack's objects have, and what the server does not know of it. */
export interface OperatorUse extends Operator {
    readonly kinds: readonly string[];
    readonly unknown: readonly string[];
}

/** The operators that a stack's objects need, with the kinds that are missing on the server. */
export function operatorsFor(
    objects: readonly Pick<RenderedObject, "apiVersion" | "kind">[],
    knows: (object: Pick<RenderedObject, "apiVersion" | "kind">) => boolean,
): OperatorUse[] {
    return Object.values(operators).flatMap((operator) => {
        const own = objects.filter(({ apiVersion }) => apiVersion === operator.apiVersion);
        const kinds = (some: typeof own) => [...new Set(some.map(({ kind }) => kind))];
        return own.length === 0
            ? []
            : [{ ...operator, kinds: kinds(own), unknown: kinds(own.filter((object) => !knows(object))) }];
    });
}

/** What the server lacks of an operator, and how to get it. */
export const lackOf = ({ name, apiVersion, unknown }: OperatorUse): string =>
    `the server does not know ${unknown.join(", ")} of ${apiVersion}, which ${name} brings`;

/**
 * Ensures that the operators of a stack's databases are installed.
 *
 * @throws UserError with the commands that install those that are missing
 */
export async function requireOperators(
    kubectl: Pick<Kubectl, "read">,
    objects: readonly RenderedObject[],
): Promise<void> {
    const needed = operatorsFor(objects, () => true);
    const lists = await Promise.all(needed.map(({ apiVersion }) => kindsOf(kubectl, apiVersion)));
    const known = new Set(lists.flat());
    const missing = operatorsFor(objects, ({ apiVersion, kind }) => known.has(`${apiVersion} ${kind}`)).filter(
        ({ unknown }) => unknown.length > 0,
    );
    const instead = objects.some(isDatabase) ? "choose another database.topology" : "leave them out of extraObjects";
    if (missing.length > 0)
        throw new UserError(
            `Nothing was changed: ${missing.map(lackOf).join("; ")}. Install it, or ${instead}:\n${missing.map(({ install }) => `  ${install}`).join("\n")}`,
        );
}

/** The kinds of an API that the server knows, each after the API; none if it does not know the API. */
async function kindsOf(kubectl: Pick<Kubectl, "read">, apiVersion: string): Promise<string[]> {
    try {
        const { resources } = JSON.parse(await kubectl.read(["get", "--raw", `/apis/${apiVersion}`])) as {
            readonly resources: readonly { readonly kind: string }[];
        };
        return resources.map(({ kind }) => `${apiVersion} ${kind}`);
    } catch (error) {
        if (error instanceof KubectlError && error.kind === "notFound") return [];
        throw error;
    }
}

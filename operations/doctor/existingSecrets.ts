import { namespaceOf } from "../../config/unique";
import type { StackConfig } from "../../config/stack";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import { count } from "../system/text";
import { type Finding, ok, problem } from "./finding";

/** A key of a Secret of others that the stack needs, and what is there. */
export interface SecretOfOthers {
    /** `plinth:secretsFrom.shop.smtpPassword` */
    readonly path: string;
    readonly secret: string;
    readonly key: string;
    /** Keys of the Secret; undefined if there is none. */
    readonly has: readonly string[] | undefined;
}

/** Reads the names of keys only, no values. */
export async function secretsOfOthers(
    kubectl: Pick<Kubectl, "read">,
    { secretsFrom, instances }: Pick<StackConfig, "secretsFrom" | "instances">,
): Promise<SecretOfOthers[]> {
    const wanted = Object.entries(secretsFrom).flatMap(([instance, keys]) => {
        const own = namespaceOf(instances.find(({ name }) => name === instance)!);
        return Object.entries(keys).map(([key, from]) => ({ instance, key, namespace: own, from }));
    });
    return Promise.all(
        wanted.map(async ({ instance, key, namespace, from }) => ({
            path: `plinth:secretsFrom.${instance}.${key}`,
            secret: `${from.namespace ?? namespace}/${from.secret}`,
            key: from.key,
            has: await keysOf(kubectl, from.namespace ?? namespace, from.secret),
        })),
    );
}

async function keysOf(
    kubectl: Pick<Kubectl, "read">,
    namespace: string,
    name: string,
): Promise<readonly string[] | undefined> {
    const names = 'go-template={{range $key, $value := .data}}{{$key}}{{"\\n"}}{{end}}';
    try {
        const printed = await kubectl.read(["get", "secret", name, "--namespace", namespace, "--output", names]);
        return printed.split("\n").filter((line) => line !== "");
    } catch (error) {
        if (error instanceof KubectlError && error.kind === "notFound") return undefined;
        throw error;
    }
}

export function existingSecrets({
    secretsOfOthers: all,
}: {
    readonly secretsOfOthers: readonly SecretOfOthers[];
}): Finding {
    const lines = all.flatMap(({ path, secret, key, has }) => {
        if (!has) return [`${path}: the Secret ${secret} does not exist`];
        return has.includes(key)
            ? []
            : [`${path}: the Secret ${secret} has no key "${key}"; it has: ${has.join(", ")}`];
    });
    if (lines.length > 0)
        return problem(lines.join("\n"), "create it, or correct plinth:secretsFrom; pods wait until it is there");
    return ok(all.length === 0 ? "the stack has none" : `has all ${count(all.length, "key")}`);
}

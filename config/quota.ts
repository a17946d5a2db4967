import { z } from "zod";
import { isWithin, parseQuantity } from "./quantity";
import { amount, cpu, qualifiedName, storage } from "./scalars";

/** Object counts with names without a slash: https://kubernetes.io/docs/concepts/policy/resource-quotas/ */
const counted = [
    ...["pods", "services", "services.loadbalancers", "services.nodeports", "persistentvolumeclaims", "configmaps"],
    ...["secrets", "resourcequotas", "replicationcontrollers"],
];
const processors = ["cpu", "requests.cpu", "limits.cpu"];
const sizes = [
    ...["memory", "requests.memory", "limits.memory", "requests.storage"],
    ...["ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage"],
];
const known = [...counted, ...processors, ...sizes];

const resourceName = z
    .string()
    .refine(
        (name) => known.includes(name) || (name.includes("/") && qualifiedName.test(name)),
        `allowed: ${known.join(", ")}, or a name with a slash such as count/jobs.batch or gold.storageclass.storage.k8s.io/requests.storage`,
    );

/** Upper bounds for a namespace, by resource name. */
export const quota = z.record(resourceName, amount).superRefine((bounds, context) => {
    for (const [name, value] of Object.entries(bounds)) {
        const allowed = problemOf(name, value);
        if (allowed) context.addIssue({ code: "custom", path: [name], message: allowed, input: value });
    }
});

function problemOf(name: string, value: string): string | undefined {
    const isZero = isWithin(value, 0, 0);
    if (processors.includes(name))
        return isZero || cpu.safeParse(value).success ? undefined : "allowed: 0, or a quantity from 1m to 1024";
    const isSize = sizes.includes(name) || name.endsWith("/requests.storage");
    if (isSize)
        return isZero || storage.safeParse(value).success ? undefined : "allowed: 0, or a quantity from 1Mi to 1024Ti";
    const isNumber = isWithin(value, 0, 1_000_000, 1) && Number.isInteger(parseQuantity(value));
    return isNumber ? undefined : "allowed: a whole number from 0 to 1000000";
}

/** Fields of a pod's and of its containers' security that name users and groups. */
const users = ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"];

type Plain = Readonly<Record<string, unknown>>;

/**
 * An object whose pods leave their user and groups to the cluster: OpenShift chooses them from the namespace's range, and
 * its security context constraint `restricted-v2` refuses all others.
 *
 * https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/authentication_and_authorization/managing-pod-security-policies
 */
export function withoutUsers<T extends object>(kind: string, object: T): T {
    const { spec } = object as { readonly spec?: Plain };
    if (kind === "CronJob" && spec) {
        const jobTemplate = spec["jobTemplate"] as { readonly spec: Plain };
        return { ...object, spec: { ...spec, jobTemplate: withoutUsers("Job", jobTemplate) } };
    }
    const template = spec?.["template"] as { readonly spec?: Plain } | undefined;
    if (!template?.spec) return object;
    const pod = Object.fromEntries(
        Object.entries(withoutUsersOf(template.spec)).map(([key, value]) => [
            key,
            key === "containers" || key === "initContainers" ? (value as Plain[]).map(withoutUsersOf) : value,
        ]),
    );
    return { ...object, spec: { ...spec, template: { ...template, spec: pod } } };
}

/** A pod or a container. */
function withoutUsersOf(one: Plain): Plain {
    const context = one["securityContext"] as Plain | undefined;
    if (!context) return one;
    const kept = Object.entries(context).filter(([field]) => !users.includes(field));
    return { ...one, securityContext: Object.fromEntries(kept) };
}

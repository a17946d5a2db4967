import {
    comparedKinds,
    eventKind,
    watchedKinds,
    edgeQuestions,
    type Question,
    questionsOf,
    trialQuestions,
} from "./access";
import type { ApiResource } from "../cluster/live";
import { groupBy } from "../system/groupBy";
import type { RenderedObject, Rendering } from "../render/rendering";

/** Namespace of the accounts. No stack owns it, so that none can delete its own account. */
export const accountNamespace = "plinth-ci";

const rbac = "rbac.authorization.k8s.io";

/**
 * An account for continuous delivery with least privilege: a ServiceAccount, Roles in the stack's namespaces, and a
 * ClusterRole for cluster-scoped objects, limited to their names. The rights are those that `doctor` checks.
 *
 * @param objects all objects that the stack may consist of
 * @param previewOnly whether the API server accepts the account's writes as dry runs only, by a
 * ValidatingAdmissionPolicy (Kubernetes 1.30 or newer), because authorization alone cannot distinguish a dry run from a
 * write. @default false
 */
export function accessObjects(
    { project, stack, objects }: Pick<Rendering, "project" | "stack" | "objects">,
    previewOnly = false,
): RenderedObject[] {
    const name = `${project}-${stack}${previewOnly ? "-preview" : ""}`;
    const all = [...questionsOf(objects, resourcesOf(objects)), ...trialQuestions(objects)];
    const questions = previewOnly ? all.filter(({ verb }) => verb !== "delete") : [...all, ...edgeQuestions(objects)];
    const account = { kind: "ServiceAccount", name, namespace: accountNamespace };
    const grants = [...groupBy(questions, ({ namespace = "" }) => namespace)].flatMap(([namespace, own]) => {
        const [role, binding] = namespace ? ["Role", "RoleBinding"] : ["ClusterRole", "ClusterRoleBinding"];
        const metadata = { name, ...(namespace ? { namespace } : {}) };
        const apiVersion = `${rbac}/v1`;
        return [
            { apiVersion, kind: role!, metadata, rules: rulesOf(own) },
            {
                apiVersion,
                kind: binding!,
                metadata,
                subjects: [account],
                roleRef: { apiGroup: rbac, kind: role!, name },
            },
        ];
    });
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: accountNamespace } },
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: accountNamespace } },
        ...grants,
        ...(previewOnly ? dryRunsOnly(name, [...new Set(questions.map(({ group }) => group))]) : []),
    ];
}

const resourcesOf = (objects: readonly RenderedObject[]): ApiResource[] =>
    [...watchedKinds, eventKind, ...comparedKinds, ...objects].map(({ apiVersion, kind }) => ({
        name: pluralOf(kind),
        apiVersion,
        kind,
    }));

/**
 * The resource of a kind, by the rule that Kubernetes' own kinds and its code generators follow
 * (`UnsafeGuessKindToResource` of apimachinery). Kinds of operators may deviate; `doctor`, which asks the server, shows
 * that.
 */
export function pluralOf(kind: string): string {
    const name = kind.toLowerCase();
    if (name.endsWith("endpoints")) return name;
    if (name.endsWith("s")) return `${name}es`;
    return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}

/** Merges rights on the same resource, then resources with the same rights. */
function rulesOf(questions: readonly Question[]) {
    const named = questions.map(({ subresource, ...question }) => ({
        ...question,
        resource: subresource ? `${question.resource}/${subresource}` : question.resource,
    }));
    const byResource = groupBy(named, ({ group, resource, name = "" }) => [group, resource, name].join("/"));
    const rights = [...byResource.values()].map((same) => ({
        ...same[0]!,
        verbs: [...new Set(same.map(({ verb }) => verb))],
    }));
    // Each name belongs to one resource.
    const byRights = groupBy(rights, ({ group, resource, verbs, name }) =>
        JSON.stringify([group, verbs, name === undefined ? "" : resource]),
    );
    return [...byRights.values()].map((same) => {
        const names = same.flatMap(({ name }) => name ?? []);
        return {
            apiGroups: [same[0]!.group],
            resources: [...new Set(same.map(({ resource }) => resource))],
            ...(names.length > 0 ? { resourceNames: names } : {}),
            verbs: same[0]!.verbs,
        };
    });
}

/** Refuses every write of an account that is not a dry run. */
function dryRunsOnly(name: string, apiGroups: readonly string[]): RenderedObject[] {
    const apiVersion = "admissionregistration.k8s.io/v1";
    const user = `system:serviceaccount:${accountNamespace}:${name}`;
    return [
        {
            apiVersion,
            kind: "ValidatingAdmissionPolicy",
            metadata: { name },
            spec: {
                failurePolicy: "Fail",
                matchConstraints: {
                    resourceRules: [
                        {
                            apiGroups,
                            apiVersions: ["*"],
                            operations: ["CREATE", "UPDATE", "DELETE"],
                            resources: ["*"],
                        },
                    ],
                },
                matchConditions: [{ name: "account", expression: `request.userInfo.username == "${user}"` }],
                validations: [
                    {
                        expression: "has(request.dryRun) && request.dryRun",
                        message: "this account may only preview: its writes must be dry runs",
                    },
                ],
            },
        },
        {
            apiVersion,
            kind: "ValidatingAdmissionPolicyBinding",
            metadata: { name },
            spec: { policyName: name, validationActions: ["Deny"] },
        },
    ];
}

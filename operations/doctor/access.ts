import { groupBy } from "../system/groupBy";
import type { RenderedObject, Rendering } from "../render/rendering";
import { count } from "../system/text";
import { isEdge } from "../launch/servedRules";
import { namesExisting } from "../launch/volumeChecks";
import type { KubectlFailure } from "../cluster/kubectlError";
import { type Finding, notChecked, ok, problem, warning } from "./finding";
import type { ApiResource } from "../cluster/live";

export interface AccessFacts {
    readonly rendering: Pick<Rendering, "objects" | "project" | "stack">;
    readonly apiResources: readonly ApiResource[];
    readonly rights: readonly Right[];
    /** Those of {@link followQuestions}. */
    readonly followRights: readonly Right[];
    /** Objects of the stack's names that are not the stack's. */
    readonly foreign: readonly Pick<RenderedObject, "kind" | "metadata">[];
    readonly podSecurity: PodSecurityAnswers;
}

const resourceOf = (object: Pick<RenderedObject, "apiVersion" | "kind">, resources: readonly ApiResource[]) =>
    resources.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);

export function knownKinds({ rendering, apiResources }: Pick<AccessFacts, "rendering" | "apiResources">): Finding {
    const name = ({ apiVersion, kind }: RenderedObject) => `${apiVersion} ${kind}`;
    const kinds = new Set(rendering.objects.map(name));
    const lost = new Set(rendering.objects.filter((object) => !resourceOf(object, apiResources)).map(name));
    if (lost.size === 0) return ok(`all ${count(kinds.size, "kind")} of the stack`);
    return problem(
        `the server does not know ${[...lost].join(", ")}`,
        "install the operator that brings them (its CustomResourceDefinitions), or leave them out (extraObjects, plinth:cluster.podMonitors)",
    );
}

/** What `preview` asks of the server: it sends each object as a dry run, which needs the rights to write it. */
const previewVerbs: readonly string[] = ["get", "create", "patch"];

/** What `launch` needs besides: it waits for what it makes, and removes what is not declared any more. */
const launchVerbs = ["list", "watch", "delete"];

/** One question to the server's authorization, as a SelfSubjectAccessReview has it. */
export interface Question {
    readonly verb: string;
    readonly group: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
}

export interface Right extends Question {
    readonly allowed: boolean;
}

/**
 * What the engine follows while a workload, a Service or an Ingress comes up, declared or not: without these rights
 * it waits until it gives up.
 */
export const followed: readonly Pick<RenderedObject, "apiVersion" | "kind">[] = [
    { apiVersion: "v1", kind: "Pod" },
    { apiVersion: "v1", kind: "Endpoints" },
    { apiVersion: "v1", kind: "PersistentVolumeClaim" },
    { apiVersion: "apps/v1", kind: "ReplicaSet" },
];

/** What `launch` and `preview` look at, to tell whether a volume that is there already fits the claim that names it. */
export const compared: readonly Pick<RenderedObject, "apiVersion" | "kind">[] = [
    { apiVersion: "v1", kind: "PersistentVolume" },
    { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
];

/**
 * What `launch` does in a namespace with an edge when all is sent: it reads what the pods say of their configuration,
 * and has their kubelets look for it.
 */
const following: readonly Omit<Question, "namespace">[] = [
    { verb: "get", group: "", resource: "pods" },
    { verb: "patch", group: "", resource: "pods" },
    { verb: "get", group: "", resource: "pods", subresource: "log" },
];

/** The rights to see that the edges of a stack follow it. Without them `launch` says that it has not seen it. */
export function followQuestions(objects: readonly RenderedObject[]): Question[] {
    const edges = objects.filter(
        ({ kind, spec }) =>
            kind === "Deployment" && isEdge((spec as { template: Parameters<typeof isEdge>[0] }).template),
    );
    const namespaces = edges.map(({ metadata }) => metadata.namespace!);
    return [...new Set(namespaces)].flatMap((namespace) => following.map((question) => ({ ...question, namespace })));
}

/** Every right that the objects of a stack need, once; kinds that the server does not know are left out. */
export function questionsOf(objects: readonly RenderedObject[], resources: readonly ApiResource[]): Question[] {
    const questions = new Map<string, Question>();
    const ask = (kind: Pick<RenderedObject, "apiVersion" | "kind">, verbs: readonly string[], where: object) => {
        const resource = resourceOf(kind, resources);
        if (!resource) return;
        const [group] = resource.apiVersion.includes("/") ? resource.apiVersion.split("/") : [""];
        for (const verb of verbs) {
            const question = { verb, group: group!, resource: resource.name, ...where };
            questions.set(JSON.stringify(question), question);
        }
    };
    for (const object of objects) {
        const { namespace, name } = object.metadata;
        const verbs = [...previewVerbs, ...launchVerbs];
        if (namespace) ask(object, verbs, { namespace });
        else {
            // A role may name what it is for, but for what is not there yet.
            ask(object, ["create"], {});
            // A namespace goes with the whole stack only, by `pulumi destroy`.
            const others = object.kind === "Namespace" ? ["get", "patch"] : verbs.filter((verb) => verb !== "create");
            ask(object, others, { name });
        }
    }
    for (const namespace of new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? [])))
        for (const kind of followed) ask(kind, ["list", "watch"], { namespace });
    if (namesExisting({ objects })) for (const kind of compared) ask(kind, ["list"], {});
    return [...questions.values()];
}

function rightsFinding(rights: readonly Right[], verbs: readonly string[], what: string): Finding {
    const needed = rights.filter(({ verb }) => verbs.includes(verb));
    const refused = refusedIn(needed);
    if (refused.length === 0) return ok(`all ${count(needed.length, "right")} that ${what} needs`);
    return problem(
        `${what} is refused; missing: ${summary(refused)}`,
        "have an administrator bind a role with these: the built-in `admin`, bound in the namespace, lacks only Namespace, ResourceQuota and LimitRange",
    );
}

const refusedIn = (rights: readonly Right[]): Right[] => rights.filter(({ allowed }) => !allowed);

/** Rights with the same verbs in the same place together: `create, patch in shop: configmaps, services`. */
function summary(rights: readonly Right[]): string {
    const place = ({ namespace }: Right) => (namespace ? ` in ${namespace}` : "");
    const resource = ({ resource, group, subresource, name }: Right) =>
        `${resource}${subresource ? `/${subresource}` : ""}${group ? `.${group}` : ""}${name ? `/${name}` : ""}`;
    const byResource = groupBy(rights, (right) => resource(right) + place(right)).values();
    const byVerbs = groupBy([...byResource], (same) => same.map(({ verb }) => verb).join(", ") + place(same[0]!));
    return [...byVerbs]
        .map(([where, resources]) => `${where}: ${resources.map(([right]) => resource(right!)).join(", ")}`)
        .join("; ");
}

/** `preview` is a dry run of writes: a role that may only read is not enough. */
export const rightsToPreview = ({ rights }: Pick<AccessFacts, "rights">): Finding =>
    rightsFinding(rights, previewVerbs, "preview");

export const rightsToLaunch = ({ rights }: Pick<AccessFacts, "rights">): Finding =>
    rightsFinding(rights, launchVerbs, "launch");

export function rightsToFollow({ followRights }: Pick<AccessFacts, "followRights">): Finding {
    if (followRights.length === 0) return ok("the stack has no edge of its own");
    const refused = refusedIn(followRights);
    if (refused.length === 0) return ok(`all ${count(followRights.length, "right")} that it takes`);
    return warning(
        `launch cannot see whether the edges follow; missing: ${summary(refused)}`,
        "have an administrator bind a role with these: ./plinth rbac prints one",
    );
}

export function ownership({ foreign }: Pick<AccessFacts, "foreign">): Finding {
    if (foreign.length === 0)
        return ok("nothing in the cluster bears a name of the stack's and belongs to somebody else");
    const named = foreign.map(({ kind, metadata }) =>
        [kind, [metadata.namespace, metadata.name].filter(Boolean).join("/")].join(" "),
    );
    const hidden = named.length - 5;
    return problem(
        `there already, and not this stack's: ${named.slice(0, 5).join(", ")}${hidden > 0 ? ` and ${hidden} more` : ""}`,
        "choose another `namespace` (with create: false where an administrator has made it), or remove them; nothing is taken over",
    );
}

/** What the server answered to a dry run. */
export interface Answer {
    readonly accepted: boolean;
    readonly message: string;
    /** Why it was refused. @default it was accepted */
    readonly failure?: KubectlFailure;
}

/** Dry runs that tell whether Pod Security is enforced; undefined where the stack has no namespace of its own. */
export interface PodSecurityAnswers {
    readonly level: string;
    /** The namespace as it is rendered. */
    readonly namespace: Answer;
    /** The same with a level that does not exist: only the admission plugin looks at it. */
    readonly nonsense: Answer;
    /** A pod that violates the level; where the namespace is there already. */
    readonly pod?: Answer;
}

export function podSecurity(facts: Pick<AccessFacts, "podSecurity">): Finding {
    const { level, namespace, nonsense, pod } = facts.podSecurity;
    if (namespace.failure === "forbidden") return notChecked(namespace.message);
    if (!namespace.accepted)
        return problem(
            `the namespace is refused: ${namespace.message}`,
            "ask the cluster's administrator for the rule",
        );
    if (nonsense.accepted)
        return warning(
            `not enforced: the level \`${level}\` of a namespace has no effect`,
            "switch the server's admission plugin PodSecurity on; it is by default",
        );
    if (pod?.accepted)
        return warning(
            `a pod that violates \`${level}\` is accepted in the namespace`,
            "put its labels right with ./plinth launch, or have it taken out of the exemptions of the server's admission plugin PodSecurity",
        );
    return ok(`\`${level}\` is enforced${pod ? ": a pod that violates it is refused" : ""}`);
}

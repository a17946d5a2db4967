import { groupBy } from "../system/groupBy";
import type { RenderedObject, Rendering } from "../render/rendering";
import { count } from "../system/text";
import { isMember } from "../launch/declaredSource";
import { isEdge } from "../launch/servedRules";
import { namesExisting } from "../launch/volumeChecks";
import type { KubectlFailure } from "../cluster/kubectlError";
import { refusalLines, type Trial } from "../cluster/trial";
import { type Finding, notChecked, ok, problem, warning } from "./finding";
import type { ApiResource } from "../cluster/live";

export interface AccessFacts {
    readonly rendering: Pick<Rendering, "objects" | "project" | "stack">;
    readonly apiResources: readonly ApiResource[];
    readonly rights: readonly Right[];
    /** Rights from {@link edgeQuestions}. */
    readonly edgeRights: readonly Right[];
    /** Existing objects with the names of the stack's that do not belong to the stack. */
    readonly foreign: readonly Pick<RenderedObject, "kind" | "metadata">[];
    readonly podSecurity: PodSecurityAnswers;
    readonly trial: Trial;
}

const resourceOf = (object: Pick<RenderedObject, "apiVersion" | "kind">, resources: readonly ApiResource[]) =>
    resources.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);

export function knownKinds({ rendering, apiResources }: Pick<AccessFacts, "rendering" | "apiResources">): Finding {
    const name = ({ apiVersion, kind }: RenderedObject) => `${apiVersion} ${kind}`;
    const kinds = new Set(rendering.objects.map(name));
    const unknown = new Set(rendering.objects.filter((object) => !resourceOf(object, apiResources)).map(name));
    if (unknown.size === 0) return ok(`knows all ${count(kinds.size, "kind")} of the stack`);
    return problem(
        `the server does not know ${[...unknown].join(", ")}`,
        "install the operator that brings them (its CustomResourceDefinitions), or leave them out (extraObjects, plinth:cluster.podMonitors)",
    );
}

/** What `preview` requires: it sends each object as a dry run, which needs the rights to write it. */
const previewVerbs: readonly string[] = ["get", "create", "patch"];

/** What `launch` requires in addition: it waits for what it creates, and deletes what is no longer declared. */
const launchVerbs = ["list", "watch", "delete"];

/** One question to the server's authorization, as in a SelfSubjectAccessReview. */
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
 * What the engine watches while a workload, a Service or an Ingress becomes ready, whether declared or not: without
 * these rights it waits until it times out.
 */
export const watchedKinds: readonly Pick<RenderedObject, "apiVersion" | "kind">[] = [
    { apiVersion: "v1", kind: "Pod" },
    { apiVersion: "v1", kind: "Endpoints" },
    { apiVersion: "v1", kind: "PersistentVolumeClaim" },
    { apiVersion: "apps/v1", kind: "ReplicaSet" },
];

/** Says why pods are not admitted, mounted or ready, which `status` shows, and `launch` while it waits. */
export const eventKind: Pick<RenderedObject, "apiVersion" | "kind"> = { apiVersion: "v1", kind: "Event" };

/** What `launch` and `preview` read to check whether an existing volume fits the claim that names it. */
export const comparedKinds: readonly Pick<RenderedObject, "apiVersion" | "kind">[] = [
    { apiVersion: "v1", kind: "PersistentVolume" },
    { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
];

/**
 * What `launch` does in a namespace with an edge or a replicated database when everything is applied: it reads which
 * configuration the pods report, and makes their kubelets refresh it.
 */
const edgeChecks: readonly Omit<Question, "namespace">[] = [
    { verb: "get", group: "", resource: "pods" },
    { verb: "patch", group: "", resource: "pods" },
    { verb: "get", group: "", resource: "pods", subresource: "log" },
];

/**
 * The rights needed to see that the edges of a stack have loaded its rules, and the members of its databases their
 * source. Without them, `launch` reports that it could not check.
 */
export function edgeQuestions(objects: readonly RenderedObject[]): Question[] {
    const edges = objects.filter(
        (object) =>
            isMember(object) ||
            (object.kind === "Deployment" &&
                isEdge((object["spec"] as { template: Parameters<typeof isEdge>[0] }).template)),
    );
    const namespaces = edges.map(({ metadata }) => metadata.namespace!);
    return [...new Set(namespaces)].flatMap((namespace) => edgeChecks.map((question) => ({ ...question, namespace })));
}

/** The rights needed to try bare pods as dry runs, which shows what controllers would be refused. */
export const trialQuestions = (objects: readonly RenderedObject[]): Question[] =>
    [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))].map((namespace) => ({
        verb: "create",
        group: "",
        resource: "pods",
        namespace,
    }));

/** Every right that the objects of a stack need, without duplicates; kinds unknown to the server are left out. */
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
            // A role can be limited to names, except for objects that do not exist yet.
            ask(object, ["create"], {});
            // A namespace is only deleted with the whole stack, by `pulumi destroy`.
            const others = object.kind === "Namespace" ? ["get", "patch"] : verbs.filter((verb) => verb !== "create");
            ask(object, others, { name });
        }
    }
    for (const namespace of new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))) {
        for (const kind of watchedKinds) ask(kind, ["list", "watch"], { namespace });
        ask(eventKind, ["list"], { namespace });
    }
    if (namesExisting({ objects })) for (const kind of comparedKinds) ask(kind, ["list"], {});
    return [...questions.values()];
}

function rightsFinding(rights: readonly Right[], verbs: readonly string[], what: string): Finding {
    const needed = rights.filter(({ verb }) => verbs.includes(verb));
    const refused = refusedIn(needed);
    if (refused.length === 0) return ok(`has all ${count(needed.length, "right")} that ${what} needs`);
    return problem(
        `${what} would be refused; missing rights: ${summary(refused)}`,
        "have an administrator bind a role with these: the built-in `admin`, bound in the namespace, lacks only Namespace, ResourceQuota and LimitRange",
    );
}

const refusedIn = (rights: readonly Right[]): Right[] => rights.filter(({ allowed }) => !allowed);

/** Groups rights with the same verbs in the same namespace: `create, patch in shop: configmaps, services`. */
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

/** `preview` is a dry run of writes: a read-only role is not enough. */
export const rightsToPreview = ({ rights }: Pick<AccessFacts, "rights">): Finding =>
    rightsFinding(rights, previewVerbs, "preview");

export const rightsToLaunch = ({ rights }: Pick<AccessFacts, "rights">): Finding =>
    rightsFinding(rights, launchVerbs, "launch");

export function rightsToSeeEdges({ edgeRights }: Pick<AccessFacts, "edgeRights">): Finding {
    if (edgeRights.length === 0) return ok("the stack has no edge of its own and no replicated database");
    const refused = refusedIn(edgeRights);
    if (refused.length === 0) return ok(`has all ${count(edgeRights.length, "right")} needed`);
    return warning(
        `launch cannot see whether the edges have loaded new rules, and databases a new source; missing rights: ${summary(refused)}`,
        "have an administrator bind a role with these: ./plinth rbac prints one",
    );
}

export function ownership({ foreign }: Pick<AccessFacts, "foreign">): Finding {
    if (foreign.length === 0)
        return ok("no object in the cluster has the name of one of the stack's and belongs to another owner");
    const named = foreign.map(({ kind, metadata }) =>
        [kind, [metadata.namespace, metadata.name].filter(Boolean).join("/")].join(" "),
    );
    const hidden = named.length - 5;
    return problem(
        `already exist and do not belong to this stack: ${named.slice(0, 5).join(", ")}${hidden > 0 ? ` and ${hidden} more` : ""}`,
        "choose another `namespace` (with create: false if an administrator has created it), or remove them; they are never adopted",
    );
}

/** Rules of the cluster's: quotas, limit ranges, Pod Security, webhooks. */
export function acceptance({ trial }: Pick<AccessFacts, "trial">): Finding {
    const { tried, refused, absent, forbidden } = trial;
    const untried =
        absent.length > 0 ? `; nothing can be tried in a namespace that does not exist yet: ${absent.join(", ")}` : "";
    if (refused.length > 0) {
        const lines = refusalLines(refused).map((line) => `\n${line}`);
        const what = `the server would refuse ${count(refused.length, "object")} of ${tried}${untried}:${lines.join("")}`;
        const remedy = "set the keys that are named, or have the rule changed";
        return refused.every(({ isTransient, isCertain }) => isTransient || !isCertain)
            ? warning(what, remedy)
            : problem(what, remedy);
    }
    if (forbidden.length > 0)
        return notChecked(`this account may not try ${forbidden[0]!}: ./plinth rbac prints one that may`);
    if (tried === 0)
        return notChecked(`nothing can be tried in a namespace that does not exist yet: ${absent.join(", ")}`);
    return ok(`accepts ${count(tried, "object")}, among them a pod of each component${untried}`);
}

/** The server's answer to a dry run. */
export interface Answer {
    readonly accepted: boolean;
    readonly message: string;
    /** Why it was refused. @default it was accepted */
    readonly failure?: KubectlFailure;
}

/** Dry runs that show whether Pod Security is enforced; undefined if the stack creates no namespace. */
export interface PodSecurityAnswers {
    readonly level: string;
    /** The namespace as it is rendered. */
    readonly namespace: Answer;
    /** The same with a level that does not exist: only the admission plugin validates it. */
    readonly nonsense: Answer;
    /** A pod that violates the level, if the namespace already exists. */
    readonly pod?: Answer;
}

export function podSecurity(facts: Pick<AccessFacts, "podSecurity">): Finding {
    const { level, namespace, nonsense, pod } = facts.podSecurity;
    if (namespace.failure === "forbidden") return notChecked(namespace.message);
    if (!namespace.accepted)
        return problem(
            `the namespace would be refused: ${namespace.message}`,
            "ask the cluster's administrator which rule applies",
        );
    if (nonsense.accepted)
        return warning(
            `not enforced: the level \`${level}\` of a namespace has no effect`,
            "enable the server's admission plugin PodSecurity (enabled by default)",
        );
    if (pod?.accepted)
        return warning(
            `a pod that violates \`${level}\` is accepted in the namespace`,
            "correct its labels with ./plinth launch, or have it removed from the exemptions of the server's admission plugin PodSecurity",
        );
    return ok(`\`${level}\` is enforced${pod ? ": a pod that violates it is refused" : ""}`);
}

import type { Context } from "../../config/kubeconfig";
import { isMissing, type Missing } from "../engine/engine";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import { existingIn, liveOf } from "../cluster/ownership";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import {
    type AccessFacts,
    type Answer,
    edgeQuestions,
    type PodSecurityAnswers,
    type Question,
    questionsOf,
    type Right,
} from "./access";
import { tryObjects } from "../cluster/trial";
import { consentName } from "../../components/names";
import { type SecretOfOthers, secretsOfOthers } from "./existingSecrets";
import { type Fact, lookUp, valueOf } from "./finding";
import { type GatewayFacts, parentsIn, routesIn } from "./gateways";
import type { NetworkFacts } from "./network";
import type { CapacityFacts, ServerFacts } from "./nodes";
import type { ApiResource, Gateway } from "../cluster/live";
import type { StorageFacts } from "./storage";

/** Everything that only the cluster knows. */
export interface ClusterFacts
    extends
        Omit<ServerFacts, "client">,
        Omit<CapacityFacts, "rendering">,
        Omit<StorageFacts, "rendering">,
        Omit<NetworkFacts, "rendering" | "cluster">,
        Omit<GatewayFacts, "rendering">,
        Omit<AccessFacts, "rendering"> {
    /** The user that the server has authenticated. */
    readonly user: string;
    readonly secretsOfOthers: readonly SecretOfOthers[];
    /** Why the server denies access; undefined if it does not. */
    readonly refusal: string | undefined;
}

interface AskArgs {
    readonly session: Session;
    readonly rendering: Fact<Rendering>;
    readonly context: Fact<Context | Missing>;
    readonly hasKubectl: boolean;
}

/** Queries the cluster, which may refuse each query separately. Writes are dry runs only. */
export async function askCluster(args: AskArgs): Promise<{ [K in keyof ClusterFacts]: Fact<ClusterFacts[K]> }> {
    const { rendering } = args;
    const kubectl = await lookUp(() => connect(args));
    const server = await lookUp(async () => versionIn(await valueOf(kubectl).read(["get", "--raw", "/version"])));
    const ask = <T>(work: (kubectl: Kubectl) => Promise<T>): Promise<Fact<T>> =>
        lookUp(() => {
            // A failed login is reported only once.
            if ("why" in server && "value" in kubectl) throw new Error("needs a reachable cluster");
            return work(valueOf(kubectl));
        });
    const list = <T>(...args: string[]) =>
        ask(async (kubectl) => (await kubectl.json<{ items: T[] }>(["get", ...args])).items);

    const names = list<{ metadata: { name: string } }>("ingressclasses");
    const drivers = list<{ metadata: { name: string } }>("csidrivers");
    const metricsApis = list<NonNullable<ClusterFacts["metricsApi"]>>(
        ...["apiservices", "--field-selector", "metadata.name=v1beta1.metrics.k8s.io"],
    );
    const resources = ask(apiResourcesOf);
    const identity = ask(whoAmI);
    const foreign = ask(async (kubectl) => foreignTo(kubectl, valueOf(rendering)));
    return allFacts({
        nodes: list("nodes"),
        pods: list("pods", "--all-namespaces", "--field-selector", "status.phase!=Succeeded,status.phase!=Failed"),
        storageClasses: list("storageclasses"),
        csiDrivers: lookUp(async () => valueOf(await drivers).map(({ metadata }) => metadata.name)),
        services: list("services", "--all-namespaces"),
        daemonSets: list("daemonsets", "--all-namespaces"),
        ingressClasses: lookUp(async () => valueOf(await names).map(({ metadata }) => metadata.name)),
        gateways: ask((kubectl) => gatewaysOf(kubectl, valueOf(rendering).objects)),
        metricsApi: lookUp(async () => valueOf(await metricsApis)[0]),
        apiResources: resources,
        rights: ask(async (kubectl) =>
            rightsOf(kubectl, questionsOf(valueOf(rendering).objects, valueOf(await resources))),
        ),
        edgeRights: ask((kubectl) => rightsOf(kubectl, edgeQuestions(valueOf(rendering).objects))),
        foreign,
        secretsOfOthers: ask((kubectl) => secretsOfOthers(kubectl, kubectl.config)),
        trial: ask(async (kubectl) => {
            const others = new Set(valueOf(await foreign).map(consentName));
            return tryObjects(kubectl, valueOf(rendering), (object) => others.has(consentName(object)));
        }),
        podSecurity: ask((kubectl) => tryPodSecurity(kubectl, valueOf(rendering).objects)),
        user: lookUp(async () => valueOf(await identity).user),
        clock: lookUp(async () => valueOf(await identity).ahead),
        server: ask(() => Promise.resolve(valueOf(server))),
        refusal: lookUp(() => ("why" in server && "value" in kubectl ? server.why : undefined)),
    });
}

async function allFacts<T extends object>(facts: { [K in keyof T]: Promise<Fact<T[K]>> }) {
    const entries = Object.entries<Promise<unknown>>(facts).map(async ([name, fact]) => [name, await fact] as const);
    return Object.fromEntries(await Promise.all(entries)) as { [K in keyof T]: Fact<T[K]> };
}

function connect({ session, context, hasKubectl }: AskArgs): Promise<Kubectl> {
    if (isMissing(valueOf(context))) throw new Error("needs a reachable cluster");
    if (!hasKubectl) throw new Error("needs kubectl");
    return session.kubectl();
}

async function foreignTo(kubectl: Kubectl, rendering: Rendering): Promise<readonly RenderedObject[]> {
    return existingIn(await liveOf(kubectl, rendering.objects), rendering).foreign;
}

const versionIn = (json: string): string => (JSON.parse(json) as { gitVersion: string }).gitVersion;

/** Kinds that the server knows, even if one of its API extensions does not answer. */
async function apiResourcesOf(kubectl: Kubectl): Promise<ApiResource[]> {
    const stdout = await kubectl.read(["api-resources", "--no-headers"]).catch((error: unknown) => {
        if (error instanceof KubectlError && error.output.trim() !== "") return error.output;
        throw error;
    });
    // NAME, SHORTNAMES (may be empty), APIVERSION, NAMESPACED, KIND.
    const lines = stdout.trim().split("\n");
    return lines.map((line) => {
        const words = line.trim().split(/\s+/);
        return { name: words[0]!, apiVersion: words.at(-3)!, kind: words.at(-1)! };
    });
}

/** The Gateways that the stack's routes name, as far as they exist. */
async function gatewaysOf(kubectl: Kubectl, objects: readonly RenderedObject[]): Promise<Gateway[]> {
    const found = parentsIn(routesIn(objects)).map(async ({ namespace, name }) => {
        const kind = "gateways.gateway.networking.k8s.io";
        const output = ["--ignore-not-found", "--output", "json"];
        const text = await kubectl.read(["get", kind, name, "--namespace", namespace, ...output]);
        return text.trim() === "" ? [] : [JSON.parse(text) as Gateway];
    });
    return (await Promise.all(found)).flat();
}

/** The server returns the user name, with a timestamp from its own clock in whole seconds. */
async function whoAmI(kubectl: Kubectl): Promise<{ user: string; ahead: number }> {
    const question = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const before = Date.now();
    const { metadata, status } = await kubectl.json<{
        metadata: { creationTimestamp: string };
        status: { userInfo: { username: string } };
    }>(["create", "--validate=false", "--filename", "-"], JSON.stringify(question));
    const here = (before + Date.now()) / 2;
    return { user: status.userInfo.username, ahead: Date.parse(metadata.creationTimestamp) - here };
}

/**
 * Uses single access reviews in one call, because some authorizers cannot list a user's rights.
 *
 * Client-side validation would need the right to list CustomResourceDefinitions.
 */
async function rightsOf(kubectl: Kubectl, questions: readonly Question[]): Promise<Right[]> {
    if (questions.length === 0) return [];
    const items = questions.map((resourceAttributes) => ({
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
    }));
    // Answers are in the order of the questions.
    const answers = await kubectl.read(
        ["create", "--validate=false", "--filename", "-", "--output", 'jsonpath={.status.allowed}{"\\n"}'],
        JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    );
    const allowed = answers.trim().split("\n");
    if (allowed.length !== questions.length)
        throw new Error(`the server answered ${allowed.length} of ${questions.length} questions`);
    return questions.map((question, index) => ({ ...question, allowed: allowed[index] === "true" }));
}

const enforce = "pod-security.kubernetes.io/enforce";

async function tryPodSecurity(kubectl: Kubectl, objects: readonly RenderedObject[]): Promise<PodSecurityAnswers> {
    const namespace = objects.find(({ kind, metadata }) => kind === "Namespace" && metadata.labels?.[enforce]);
    const level = namespace?.metadata.labels?.[enforce];
    if (!namespace || !level || level === "privileged") throw new Error("no namespace of the stack sets a level");
    const dryRun = async (args: readonly string[], object: object): Promise<Answer> => {
        try {
            await kubectl.read([...args, "--dry-run=server", "--filename", "-"], JSON.stringify(object));
            return { accepted: true, message: "" };
        } catch (error) {
            if (!(error instanceof KubectlError)) throw error;
            return { accepted: false, message: error.details, failure: error.kind };
        }
    };
    // Conflicts with fields that the engine owns do not matter: nothing is stored.
    const apply = ["apply", "--server-side", "--force-conflicts", "--field-manager", "plinth-doctor"];
    const { metadata } = namespace;
    const exists =
        (await kubectl.read(["get", "namespace", metadata.name, "--ignore-not-found", "--output", "name"])) !== "";
    const violating = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "plinth-doctor", namespace: metadata.name },
        spec: { hostNetwork: true, containers: [{ name: "none", image: "none" }] },
    };
    return {
        level,
        namespace: await dryRun(apply, namespace),
        nonsense: await dryRun(apply, {
            ...namespace,
            metadata: { ...metadata, labels: { ...metadata.labels, [enforce]: "none-such" } },
        }),
        ...(exists ? { pod: await dryRun(["create"], violating) } : {}),
    };
}

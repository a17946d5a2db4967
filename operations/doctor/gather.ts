import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { checkContext } from "../../components/cluster";
import type { Context } from "../../config/kubeconfig";
import type { ClusterConfig, StackConfig } from "../../config/stack";
import { readYaml } from "../../config/yaml";
import { findBackend, isMissing, locksOf, type Missing } from "../engine/engine";
import { noKubectl } from "../cluster/kubectl";
import type { Rendering } from "../render/rendering";
import type { Session } from "../session";
import { findOnPath, read } from "../system/shell";
import { askCluster, type ClusterFacts } from "./askCluster";
import { lookUp, valueOf, valuesOf } from "./finding";
import type { MachineFacts } from "./machine";

/** Everything that the checks use. Reading a fact whose lookup failed throws the reason. */
export interface Facts extends MachineFacts, ClusterFacts {
    /** The problems in the configuration; undefined if there are none. */
    readonly mistakes: string | undefined;
    readonly rendering: Rendering;
    readonly cluster: ClusterConfig;
    readonly context: Context | Missing;
    /** kubectl's version, if it is installed. */
    readonly client: string;
}

/** Examines machine, configuration and cluster once. */
export async function gather(session: Session): Promise<Facts> {
    const { stack } = session;
    const loaded = await lookUp(async () => ({
        config: session.config(),
        rendering: await session.rendering(),
        secretsProvider: secretsProviderOf(session),
    }));
    const known = () => {
        if ("why" in loaded) throw new Error("needs a valid configuration");
        return loaded.value;
    };
    const rendering = await lookUp(() => known().rendering);
    const context = await lookUp(() => findContext(session, known().config));
    const place = findBackend(stack);
    const backend = await lookUp(() => {
        if (isMissing(place)) throw new Error("needs a state backend");
        return place;
    });
    const kubectl = await lookUp(findKubectl);
    const client = await lookUp(() => {
        const found = valueOf(kubectl);
        if (isMissing(found)) throw new Error("needs kubectl");
        return found.version;
    });
    return valuesOf<Facts>({
        mistakes: { value: "why" in loaded ? loaded.why : undefined },
        rendering,
        cluster: await lookUp(() => known().config.cluster),
        context,
        client,
        engine: await lookUp(() => session.engine()),
        node: { value: process.versions.node },
        go: await lookUp(() => versionOf("go", ["version"])),
        kubectl,
        place: { value: place },
        backend,
        locks: await lookUp(() => locksOf(valueOf(backend), known().config.project, stack)),
        secretsProvider: await lookUp(() => known().secretsProvider),
        environment: { value: process.env },
        stack: { value: stack },
        ...(await askCluster({ session, rendering, context, hasKubectl: "value" in client })),
    });
}

/** The cluster that the stack is deployed to; a remote one only counts if the configuration names it. */
async function findContext(session: Session, config: StackConfig): Promise<Context | Missing> {
    const unnamed = await lookUp(() => checkContext(config));
    if ("why" in unnamed) return { what: unnamed.why, remedy: "set plinth:cluster.context" };
    return session.cluster();
}

const secretsProviderOf = ({ path }: Session): string | undefined =>
    (
        readYaml(readFileSync(path, "utf8"), basename(path)) as {
            secretsprovider?: string;
        } | null
    )?.secretsprovider;

/** The version that a program reports; undefined if it is not installed. */
async function versionOf(program: string, args: readonly string[]): Promise<string | undefined> {
    const command = findOnPath(program);
    if (!command) return undefined;
    const { ok, stdout, stderr } = await read(command, args);
    if (!ok) throw new Error(`${command} ${args.join(" ")} failed: ${stderr.trim()}`);
    return stdout.trim();
}

async function findKubectl(): Promise<MachineFacts["kubectl"]> {
    const version = await versionOf("kubectl", ["version", "--client", "--output", "json"]);
    if (version === undefined) return noKubectl;
    const { clientVersion } = JSON.parse(version) as { clientVersion: { gitVersion: string } };
    return { version: clientVersion.gitVersion };
}

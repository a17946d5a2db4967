import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { contextOf } from "../../config/kubeconfig";
import type { ClusterConfig } from "../../config/stack";
import { readYaml } from "../../config/yaml";
import { Unreachable } from "../system/download";
import { fetchedEngine, fetchEngine } from "./fetchEngine";
import { findOnPath, read } from "../system/shell";
import { UserError } from "../system/errors";
import { isAlive } from "../../sandbox/folder";
import { root } from "../system/root";

/** A Pulumi CLI that works on this machine. */
export interface Engine {
    readonly command: string;
    readonly version: string;
}

/** What is missing, and how to get it. */
export interface Missing {
    readonly what: string;
    readonly remedy: string;
}

/**
 * The CLI on the PATH, or the downloaded pinned one.
 *
 * @param fetch whether the pinned one may be downloaded now, to its own folder in the home directory. @default false
 * @throws UserError if a download does not match its pinned checksum
 */
export async function findEngine(fetch = false): Promise<Engine | Missing> {
    const home = pulumiHome();
    const onPath = findOnPath("pulumi");
    const unreachable = fetch && !onPath ? await downloadProblem(home) : "";
    const command = onPath ?? (existsSync(fetchedEngine(home)) ? fetchedEngine(home) : undefined);
    const { ok, stdout } = command
        ? await read(command, ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } })
        : { ok: false, stdout: "" };
    if (command && ok) return { command, version: stdout.trim() };
    return {
        what: `the Pulumi CLI: it is not on the PATH${unreachable && `, and the pinned version could not be downloaded: ${unreachable}`}`,
        remedy: `install it (https://www.pulumi.com/docs/install/), or ${fetch ? "allow access from this machine to" : "let `launch` download it from"} get.pulumi.com`,
    };
}

/** Why the pinned CLI or one of its plugins could not be downloaded; empty if all are installed. */
async function downloadProblem(home: string): Promise<string> {
    try {
        await fetchEngine(home);
        return "";
    } catch (error) {
        if (error instanceof Unreachable) return error.message;
        throw error;
    }
}

const pulumiHome = (): string => process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");

/**
 * Whether the cluster that a stack is deployed to answers. This uses a plain connection, so that no other tool is
 * needed.
 */
export async function findCluster(cluster: ClusterConfig): Promise<{ name: string; server: string } | Missing> {
    const context = contextOf(cluster);
    if (!context)
        return {
            what: cluster.context
                ? `the kubeconfig context "${cluster.context}"`
                : "a Kubernetes cluster: no kubeconfig has a current context",
            remedy: cluster.context
                ? "add it to your kubeconfig, or set plinth:cluster.context to another"
                : "start a local one (minikube start, kind create cluster, or ./plinth dev up), or set plinth:cluster.context",
        };
    const { hostname: host, port, protocol } = new URL(context.server);
    const answers = await new Promise<boolean>((resolve) => {
        const socket = connect({
            host: host.replace(/^\[|\]$/g, ""),
            port: Number(port) || (protocol === "http:" ? 80 : 443),
            timeout: 5000,
        });
        const end = (result: boolean) => {
            socket.destroy();
            resolve(result);
        };
        socket
            .once("connect", () => end(true))
            .once("timeout", () => end(false))
            .once("error", () => end(false));
    });
    if (answers) return context;
    return {
        what: `the cluster of context "${context.name}": ${context.server} does not answer`,
        remedy: "start it, or check your network",
    };
}

export const isMissing = (found: object): found is Missing => "remedy" in found;

/** @throws UserError with the remedy if it is missing */
export function presentOrThrow<T extends object>(found: T | Missing): T {
    if (isMissing(found)) throw new UserError(`Missing: ${found.what}\n  ${found.remedy}`);
    return found;
}

/**
 * @param outcome the sentence that says what was not done
 * @param instead what works without the missing tools. @default nothing is added
 * @throws UserError that lists everything missing, with how to get it
 */
export function refuseMissing(outcome: string, missing: readonly Missing[], instead = ""): void {
    if (missing.length > 0)
        throw new UserError(
            `${outcome} Missing:\n${missing.map(({ what, remedy }) => `  - ${what}\n    ${remedy}`).join("\n")}${instead && `\n${instead}`}`,
        );
}

/**
 * Folder for what belongs to this checkout only: the state of `dev`, its passphrase, the sandbox. Ignored by git; the
 * environment variable PLINTH_HOME sets a different folder.
 */
export const ownState = resolve(process.env["PLINTH_HOME"] || join(root, ".plinth"));

/** Where the stack's state is stored, and the environment variables that point the engine there. */
export interface Backend {
    readonly url: string;
    readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds the backend: PULUMI_BACKEND_URL, else the project's or the current login, else, for `dev` only, a folder in
 * this checkout with its own passphrase, both ignored by git. It counts as missing if another stack's state would
 * otherwise silently be stored on this machine.
 */
export function findBackend(stack: string): Backend | Missing {
    const explicit = process.env["PULUMI_BACKEND_URL"];
    if (explicit) return { url: explicit, env: {} };
    const chosen = projectBackend() ?? currentLogin();
    if (chosen && (stack === "dev" || !chosen.startsWith("file://"))) return { url: chosen, env: {} };
    if (stack !== "dev")
        return {
            what: `The state of "${stack}" must be stored where your team can share it, but ${chosen ? `the current login is ${chosen}, on this machine` : "no backend is logged in"}.`,
            remedy: "Choose one: pulumi login s3://BUCKET (or gs://, azblob://), or set PULUMI_BACKEND_URL; file://… is accepted there.",
        };
    return ownBackend(join(ownState, "state"));
}

/** @throws UserError with what to do if there is none */
export function chooseBackend(stack: string): Backend {
    const found = findBackend(stack);
    if (isMissing(found)) throw new UserError(`${found.what}\n${found.remedy}`);
    return found;
}

/** A backend in a folder of this checkout, with the checkout's own passphrase unless the user sets one. */
export function ownBackend(state: string): Backend {
    mkdirSync(state, { recursive: true });
    const passphrase = join(ownState, "passphrase");
    if (!existsSync(passphrase)) writeFileSync(passphrase, randomBytes(24).toString("base64url"), { mode: 0o600 });
    const own =
        process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined ||
        process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined;
    const url = pathToFileURL(state).href;
    return { url, env: { PULUMI_BACKEND_URL: url, ...(own ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: passphrase }) } };
}

function projectBackend(): string | undefined {
    return (readYaml(readFileSync(join(root, "Pulumi.yaml"), "utf8"), "Pulumi.yaml") as { backend?: { url?: string } })
        .backend?.url;
}

function currentLogin(): string | undefined {
    const path = join(pulumiHome(), "credentials.json");
    if (!existsSync(path)) return undefined;
    return (JSON.parse(readFileSync(path, "utf8")) as { current?: string }).current || undefined;
}

/** Runs that hold the stack's lock in a folder backend, and whether each is still alive. */
export function locksOf(
    backend: Backend,
    project: string,
    stack: string,
): { pid: number; host: string; alive: boolean }[] {
    if (!backend.url.startsWith("file://")) return [];
    const base = backend.url.slice("file://".length).replace(/^~/, homedir());
    const folder = join(base, ".pulumi", "locks", "organization", project, stack);
    if (!existsSync(folder)) return [];
    // The backend stores an attributes file next to each lock.
    return readdirSync(folder)
        .filter((file) => file.endsWith(".json"))
        .map((file) => {
            const { pid, hostname: host } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
                pid: number;
                hostname: string;
            };
            return { pid, host, alive: host !== hostname() || isAlive(pid) };
        });
}

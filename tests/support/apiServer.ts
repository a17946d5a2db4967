import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { RenderedObject } from "../../operations/render/rendering";
import { UserError } from "../../operations/system/errors";

/** A refusal by the API server. */
export class Refusal extends Error {
    constructor(
        readonly code: number,
        message: string,
    ) {
        super(message);
    }
}

interface Answer {
    readonly body: unknown;
    /** Warnings of the server about accepted requests. */
    readonly warnings: readonly string[];
}

interface Kind {
    readonly kind: string;
    /** Plural, as used in paths. */
    readonly name: string;
    readonly namespaced: boolean;
}

type Reference = Pick<RenderedObject, "apiVersion" | "kind" | "metadata">;

/** Concurrent requests: the server runs on this machine, which has two cores in pipelines. */
const atOnce = 6;

/**
 * The API server by its own paths, as the user of a kubeconfig.
 *
 * `kubectl proxy` logs in, on a socket that no other user can reach, and only once: a kubectl for each request costs
 * more than the server's answer.
 */
export class ApiServer {
    private readonly agent: Agent;
    private readonly groups = new Map<string, Promise<readonly Kind[]>>();

    private constructor(
        private readonly socket: string,
        readonly close: () => Promise<void>,
    ) {
        this.agent = new Agent({ keepAlive: true, maxSockets: atOnce });
    }

    /**
     * @param kubectl its path and the arguments that name the cluster
     * @param socket where the proxy shall listen; in a folder that others cannot read
     */
    static async through(kubectl: readonly [string, ...string[]], socket: string): Promise<ApiServer> {
        const [command, ...leading] = kubectl;
        const proxy = spawn(command, [...leading, "proxy", "--unix-socket", socket], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        const ended = once(proxy, "exit");
        // It prints this once it listens.
        await Promise.race([once(proxy.stdout, "data"), ended]);
        if (proxy.exitCode !== null) throw new Error(`kubectl proxy ended with ${proxy.exitCode}`);
        return new ApiServer(socket, async () => {
            proxy.kill();
            await ended;
        });
    }

    /**
     * Applies objects on the server, with strict validation: namespaces and other objects of the cluster first.
     *
     * @throws Refusal if the server refuses one
     * @returns what it warns of
     */
    async apply(objects: readonly object[]): Promise<string[]> {
        const all = objects as readonly RenderedObject[];
        const apply = async (object: RenderedObject): Promise<readonly string[]> => {
            const path = `${await this.path(object)}?fieldManager=plinth&fieldValidation=Strict`;
            return (await this.ask("PATCH", path, object)).warnings;
        };
        const warnings: (readonly string[])[] = [];
        for (const object of all.filter(({ metadata }) => !metadata.namespace)) warnings.push(await apply(object));
        warnings.push(...(await Promise.all(all.filter(({ metadata }) => metadata.namespace).map(apply))));
        return warnings.flat();
    }

    /**
     * Checks whether the server would accept a new object, with strict validation and admission. Nothing is stored.
     *
     * @throws Refusal if it would not
     */
    async wouldTake(object: object): Promise<void> {
        const path = await this.path(object as RenderedObject);
        await this.ask("PATCH", `${path}?fieldManager=plinth&fieldValidation=Strict&dryRun=All`, object);
    }

    /** The objects as stored by the server. @throws Refusal if one does not exist */
    async get<T>(objects: readonly Reference[]): Promise<T[]> {
        return Promise.all(objects.map(async (object) => (await this.ask("GET", await this.path(object))).body as T));
    }

    /** All objects of a kind with a label, in all namespaces. */
    async list<T extends object>(apiVersion: string, kind: string, selector: string): Promise<T[]> {
        const { name } = await this.kind({ apiVersion, kind });
        const path = `${root(apiVersion)}/${name}?labelSelector=${encodeURIComponent(selector)}`;
        const { items } = (await this.ask("GET", path)).body as { items: T[] };
        return items.map((item) => ({ apiVersion, kind, ...item }));
    }

    /** Deletes objects with their dependents, without waiting. Missing ones are ignored. */
    async remove(objects: readonly Reference[]): Promise<void> {
        await Promise.all(objects.map((object) => unlessMissing(this.removeOne(object))));
    }

    async exists(object: Reference): Promise<boolean> {
        return (await unlessMissing(this.get([object]))) !== undefined;
    }

    private async removeOne(object: Reference): Promise<Answer> {
        return this.ask("DELETE", `${await this.path(object)}?propagationPolicy=Background`);
    }

    private async path(object: Reference): Promise<string> {
        const { name, namespaced } = await this.kind(object);
        const { namespace = "default" } = object.metadata;
        const within = namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : "";
        return `${root(object.apiVersion)}${within}/${name}/${encodeURIComponent(object.metadata.name)}`;
    }

    private async kind({ apiVersion, kind }: Pick<Reference, "apiVersion" | "kind">): Promise<Kind> {
        const known = this.groups.get(apiVersion) ?? this.kindsOf(apiVersion);
        this.groups.set(apiVersion, known);
        // Parts of an object, such as its status, are listed as `plural/part`.
        const isWanted = (one: Kind) => one.kind === kind && !one.name.includes("/");
        const found = (await known.catch(() => undefined))?.find(isWanted);
        if (found) return found;
        // The server may come to know it.
        this.groups.delete(apiVersion);
        await known.catch((error: unknown) => {
            if (!(error instanceof Refusal && error.code === 404)) throw error;
        });
        throw new Refusal(404, `the server knows no ${kind} of ${apiVersion}`);
    }

    private async kindsOf(apiVersion: string): Promise<readonly Kind[]> {
        return ((await this.ask("GET", root(apiVersion))).body as { resources: Kind[] }).resources;
    }

    private async ask(method: string, path: string, body?: object): Promise<Answer> {
        const asked = request({
            socketPath: this.socket,
            path,
            method,
            agent: this.agent,
            ...(body ? { headers: { "Content-Type": "application/apply-patch+yaml" } } : {}),
        });
        asked.end(body && JSON.stringify(body));
        const [answer] = (await once(asked, "response")) as [IncomingMessage];
        const said = await text(answer);
        // Errors of unknown paths are plain text.
        const isJson = answer.headers["content-type"]?.startsWith("application/json");
        const parsed: unknown = isJson ? JSON.parse(said) : { message: said.trim() };
        if (answer.statusCode! >= 300) throw new Refusal(answer.statusCode!, (parsed as { message: string }).message);
        return { body: parsed, warnings: [answer.headers["warning"] ?? []].flat() };
    }
}

const root = (apiVersion: string): string => (apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
        return await asked;
    } catch (error) {
        if (error instanceof Refusal && error.code === 404) return undefined;
        throw error;
    }
}

/** Tries for a minute, until the server serves kinds that are new. */
export async function served<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1)
        try {
            return await work();
        } catch (error) {
            const isNew = error instanceof UserError || (error instanceof Refusal && error.code === 404);
            if (!isNew || tries > 120) throw error;
            await sleep(500);
        }
}

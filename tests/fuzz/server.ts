import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { RenderedObject } from "../../operations/render/rendering";
import { ApiServer, Refusal } from "../support/apiServer";

/** The one namespace that every object is tried in: thousands of mutants have thousands of their own. */
const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "fuzz" },
};

/** A real API server that checks whether it would accept objects. None is stored. */
export class Server {
    /** Names of namespaces, and what is wrong with each. */
    private readonly names = new Map<string, Promise<string | undefined>>();

    private constructor(private readonly api: ApiServer) {}

    /** @param folder for the socket; others must not be able to read it */
    static async through(kubectl: readonly [string, ...string[]], folder: string): Promise<Server> {
        const api = await ApiServer.through(kubectl, join(mkdtempSync(join(folder, "fuzz-")), "socket"));
        await api.apply([namespace]);
        return new Server(api);
    }

    async close(): Promise<void> {
        await this.api.remove([namespace]);
        await this.api.close();
    }

    /** The fault of an object; undefined if it is valid. Kinds of operators are not checked. */
    async problem(object: RenderedObject): Promise<string | undefined> {
        const { metadata } = object;
        if (metadata.namespace === undefined) return this.refusal(object);
        if (!this.names.has(metadata.namespace))
            this.names.set(
                metadata.namespace,
                this.refusal({ ...namespace, metadata: { name: metadata.namespace } } as RenderedObject),
            );
        const named = await this.names.get(metadata.namespace);
        return named ?? this.refusal({ ...object, metadata: { ...metadata, namespace: namespace.metadata.name } });
    }

    private async refusal(object: RenderedObject): Promise<string | undefined> {
        try {
            await this.api.wouldTake(object);
            return undefined;
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            return error.code === 404 && /^the server (knows no|could not find)|^404 page not found/.test(error.message)
                ? undefined
                : error.message;
        }
    }
}

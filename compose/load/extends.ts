import { dirname } from "node:path";
import { type Path, refuse } from "../errors";
import { change, get, isNull, made, mapping, type Mapping, type Node, textOf, without } from "../node";
import { merged } from "../rules/merge";
import { absolute } from "../rules/locate";
import { locations, merges } from "../rules/rules";
import { into, rewrite } from "../rules/table";
import { finished, prepared, withoutPaths } from "./layers";
import { promotedPaths } from "./promote";
import type { Context, ExtendedFile } from "./session";

/** The file that services stand in, and what takes parts out of what they extend. */
interface Home {
    readonly file: string;
    readonly context: Context;
}

interface Reference {
    readonly file: string;
    readonly service: string;
}

/**
 * Lays each service and job over the one that it extends: Compose specification, 5 "extends".
 *
 * @param resets of the document
 */
export function applyExtends(model: Mapping, resets: readonly Path[], home: Home): Mapping {
    return ["services", "jobs"].reduce(
        (whole, key) =>
            change(whole, key, (all) => {
                if (all.kind !== "mapping")
                    return isNull(all) ? refuse(all.at, [key], "is nothing; allowed: a mapping of names") : all;
                const resolver = new Resolver(key, all, resets, home);
                return mapping(
                    [...all.entries].map(([name, entry]) => [name, { ...entry, node: resolver.resolved(name) }]),
                    all.at,
                );
            }),
        model,
    );
}

/** Services of one document, each resolved once. */
class Resolver {
    private readonly done = new Map<string, Node>();

    constructor(
        private readonly section: string,
        private readonly services: Mapping,
        private readonly resets: readonly Path[],
        private readonly home: Home,
    ) {}

    /** @param way services that are being resolved, each extending the next one */
    resolved(name: string, way: readonly Reference[] = []): Node {
        const known = this.done.get(name);
        if (known) return known;
        const service = get(this.services, name)!;
        const result = this.laidOver(name, service, way);
        this.done.set(name, result);
        return result;
    }

    private laidOver(name: string, service: Node, way: readonly Reference[]): Node {
        const path: Path = [this.section, name];
        if (service.kind !== "mapping")
            return isNull(service) ? service : refuse(service.at, path, "must be a mapping");
        const entry = service.entries.get("extends");
        if (!entry) return service;
        const wanted = textOf(entry.node) ?? textOf(get(entry.node, "service"));
        if (wanted === undefined)
            refuse(entry.at, [...path, "extends"], "names no service; allowed: SERVICE, or service and file");
        const here = { file: this.home.file, service: name };
        if (way.some((other) => other.file === here.file && other.service === here.service))
            refuse(entry.at, [...path, "extends"], `the services extend each other: ${this.told([...way, here])}`);
        const file = get(entry.node, "file");
        const at = file && !isNull(file) ? this.other(file, [...path, "extends", "file"]) : this;
        if (!get(at.services, wanted))
            refuse(
                entry.at,
                [...path, "extends"],
                `there is no service "${wanted}"${file ? ` in ${this.home.context.session.files.shown(at.home.file)}` : ""}`,
            );
        const base = at.resolved(wanted, [...way, here]);
        if (isNull(base)) return service;
        const kept = withoutPaths(
            made({ [this.section]: made({ [name]: base }, base.at) }, base.at),
            promotedPaths(this.resets),
        );
        const below = get(get(kept, this.section), name) ?? made({}, base.at);
        const step = into(into(merges, "services"), name);
        return without(merged(below, service, step, ["services", name]) as Mapping, "extends");
    }

    private told(way: readonly Reference[]): string {
        const { files } = this.home.context.session;
        return way.map(({ file, service }) => `${service} in ${files.shown(file)}`).join(" → ");
    }

    /** The services of another file. */
    private other(file: Node, path: Path): Resolver {
        const { context } = this.home;
        const base = { folder: context.folder, home: undefined };
        const named = textOf(file) ?? refuse(file.at, path, "must be a path");
        const target = absolute(named, base);
        const { services, resets } = context.session.extended.get(
            context.environment,
            JSON.stringify([target, context.folder]),
            () => readExtended(target, file, path, context),
        );
        const all = mapping(
            [...services].map(([name, node]) => [name, { at: node.at, node }]),
            file.at,
        );
        return new Resolver("services", all, resets, { file: target, context });
    }
}

/** Services of a file that is extended; only what a service takes over must be valid. */
function readExtended(file: string, by: Node, path: Path, context: Context): ExtendedFile {
    const { session } = context;
    const shown = session.files.shown(file);
    const documents = session.documents({ path: file, by, key: path });
    const inside = { ...context, folder: dirname(file) };
    const model = documents.reduce<Mapping>(
        (below, { root, resets }) =>
            finished(
                merged(withoutPaths(below, promotedPaths(resets)), prepared(root, inside), merges, []) as Mapping,
                inside,
                false,
            ),
        made({}, by.at),
    );
    const services = get(model, "services");
    if (services?.kind !== "mapping") refuse(by.at, path, `${shown} has no services`);
    const base = { folder: inside.folder, home: session.home };
    const located = rewrite(model, locations, [], (locate, node, at) => locate(node, at, base));
    return {
        services: new Map([...(get(located, "services") as Mapping).entries].map(([name, { node }]) => [name, node])),
        resets: documents.at(-1)?.resets ?? [],
    };
}

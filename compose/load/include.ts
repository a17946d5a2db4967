import { dirname, isAbsolute, join } from "node:path";
import { allowed, type Path, refuse } from "../errors";
import { equal, get, isNull, kindOf, made, mapping, type Mapping, type Node, put, textOf, without } from "../node";
import { absolute } from "../rules/locate";
import { merged } from "../rules/merge";
import { merges } from "../rules/rules";
import { into } from "../rules/table";
import type { Variable } from "../text/dotenv";
import { readEnvFile } from "./envFiles";
import { withoutPaths } from "./layers";
import { promotedPaths } from "./promote";
import { type Context, type Environment, lookupIn, type Named } from "./session";

/** Files can include each other on so many ways that the number of ways has to be bounded. */
const mostIncludes = 2_000;

const sections = ["services", "jobs", "volumes", "networks", "secrets", "configs", "models"];

/**
 * Takes in what other files have, each with a folder and an environment of its own: Compose specification, 14 "Include".
 * The file's own definitions are laid over them.
 *
 * @param read reads files, as those of the project are read
 */
export function applyIncludes(
    model: Mapping,
    resets: readonly Path[],
    context: Context,
    read: (files: readonly Named[], context: Context) => Mapping,
): Mapping {
    const list = get(model, "include");
    if (!list) return model;
    if (list.kind !== "sequence" && !isNull(list))
        refuse(list.at, ["include"], `is ${kindOf(list)}; ${allowed(["a list"])}`);
    const items = list.kind === "sequence" ? list.items : [];
    const whole = items.reduce<Mapping>((below, item, i) => {
        const included = includedBy(item, ["include", i], context);
        const { session } = context;
        const key = JSON.stringify([included.files.map(({ path }) => path), included.folder, included.envFiles]);
        const found = session.included.get(context.environment, key, () => {
            if (session.included.size > mostIncludes)
                refuse(
                    item.at,
                    ["include", i],
                    `files are included on more than ${mostIncludes} ways, which is not allowed`,
                );
            const environment = environmentOf(included, item, ["include", i], context);
            return read(included.files, { ...context, folder: included.folder, environment });
        });
        return takenIn(found, below, resets);
    }, model);
    return without(whole, "include");
}

interface Included {
    readonly files: readonly Named[];
    readonly folder: string;
    readonly envFiles: readonly string[];
}

function includedBy(item: Node, path: Path, context: Context): Included {
    const { folder, session, chain } = context;
    const paths = textsOf(textOf(item) === undefined ? get(item, "path") : item, item, [...path, "path"]);
    const here = { folder, home: undefined };
    const files = paths.map((node) => ({ path: absolute(textOf(node)!, here), by: node, key: path }));
    const first =
        files[0] ?? refuse(item.at, path, "names no file; allowed: PATH, or path, project_directory and env_file");
    if (chain.includes(first.path)) {
        const way = [...chain.slice(chain.indexOf(first.path)), first.path].map((file) => session.files.shown(file));
        refuse(first.by.at, path, `the files include each other: ${way.join(" → ")}`);
    }
    const own = get(item, "project_directory");
    const directory =
        own && !isNull(own) ? (textOf(own) ?? refuse(own.at, [...path, "project_directory"], "must be a path")) : "";
    const projectFolder = directory === "" ? dirname(first.path) : absolute(directory, here);
    const named = textsOf(get(item, "env_file"), item, [...path, "env_file"]).map((node) => textOf(node)!);
    const standard = join(projectFolder, ".env");
    const envFiles = named.length > 0 ? named : session.files.has(standard) ? [standard] : [];
    return {
        files,
        folder: projectFolder,
        envFiles: envFiles
            .filter((file) => file !== "/dev/null")
            .map((file) => (isAbsolute(file) ? file : join(folder, file))),
    };
}

/** One text or a list of texts. */
function textsOf(node: Node | undefined, item: Node, path: Path): readonly Node[] {
    if (item.kind !== "mapping" && textOf(item) === undefined)
        return refuse(item.at, path, `is ${kindOf(item)}; ${allowed(["a path", "a mapping"])}`);
    if (!node || isNull(node)) return [];
    const all = node.kind === "sequence" ? node.items : [node];
    return all.map((one) =>
        textOf(one) === undefined ? refuse(one.at, path, `is ${kindOf(one)}; allowed: a path`) : one,
    );
}

/** What is set already counts before the env files. */
function environmentOf({ envFiles }: Included, item: Node, path: Path, { environment, session }: Context): Environment {
    if (envFiles.length === 0) return environment;
    const variables = new Map<string, Variable>();
    for (const file of envFiles)
        readEnvFile(file, session, { place: item.at, path: [...path, "env_file"] }, lookupIn(environment), variables);
    return { ...Object.fromEntries([...variables].map(([name, { value }]) => [name, value])), ...environment };
}

/** A name that both have is merged, unless both say the same. */
function takenIn(from: Mapping, model: Mapping, resets: readonly Path[]): Mapping {
    return sections.reduce((whole, section) => {
        const added = get(from, section);
        if (added?.kind !== "mapping") return whole;
        const own = get(whole, section);
        if (own && own.kind !== "mapping") refuse(own.at, [section], `is ${kindOf(own)}; ${allowed(["a mapping"])}`);
        const entries = new Map(own?.entries ?? []);
        for (const [name, entry] of added.entries) {
            const before = entries.get(name);
            if (!before) entries.set(name, entry);
            else if (!equal(before.node, entry.node)) {
                const single = made({ [section]: made({ [name]: entry.node }, entry.at) }, entry.at);
                const kept = get(get(withoutPaths(single, promotedPaths(resets)), section), name) ?? made({}, entry.at);
                const node = merged(kept, before.node, into(into(merges, section), name), [section, name]);
                entries.set(name, { ...before, node });
            }
        }
        return put(whole, section, mapping(entries, own?.at ?? added.at));
    }, model);
}

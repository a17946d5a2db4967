import { change, get, isNull, mapping, type Mapping, type Node, scalar, sequence, textOf } from "../node";
import { pairsOf } from "../model/values";
import { toBoolean } from "../rules/casts";
import type { Variable } from "../text/dotenv";
import { readEnvFile } from "./envFiles";
import { eachContainer } from "./layers";
import { type Context, lookupIn } from "./session";
import type { Path } from "../errors";

/**
 * Reads the env and label files of services and of the containers before them. What a service says itself counts before
 * its files: Compose specification, 5 "env_file", "environment" and "label_file".
 *
 * @param isActive whether a service is in an active profile; the files of others are not read
 */
export function withFiles(model: Mapping, context: Context, isActive: (service: Mapping) => boolean): Mapping {
    return eachContainer(model, "services", (service, name) => {
        if (!isActive(service)) return service;
        const path: Path = ["services", name];
        return change(resolved(service, path, context), "pre_start", (hooks) =>
            hooks.kind === "sequence"
                ? sequence(
                      hooks.items.map((hook, i) =>
                          hook.kind === "mapping" ? resolved(hook, [...path, "pre_start", i], context) : hook,
                      ),
                      hooks.at,
                  )
                : hooks,
        );
    });
}

const resolved = (container: Mapping, path: Path, context: Context): Mapping =>
    withLabels(withEnvironment(container, path, context), path, context);

function withEnvironment(container: Mapping, path: Path, { session, environment }: Context): Mapping {
    const outside = lookupIn(environment);
    const written = get(container, "environment");
    const files = get(container, "env_file");
    const items = files?.kind === "sequence" ? files.items : [];
    if (items.length === 0 && (!written || isNull(written))) return container;
    const own = new Map<string, Node>();
    for (const [key, node] of written && !isNull(written) ? pairsOf(written, [...path, "environment"]) : []) {
        const found = node && !isNull(node) ? undefined : outside(key);
        own.set(key, found === undefined ? (node ?? scalar(null, written!.at)) : scalar(found, written!.at));
    }
    const known = new Map<string, string>();
    for (const [key, node] of own) if (!isNull(node)) known.set(key, String((node as { value: unknown }).value));
    const variables = new Map<string, Variable>([...known].map(([key, value]) => [key, { value, line: 0 }]));
    const all = new Map<string, { at: Node["at"]; node: Node }>();
    items.forEach((item, i) => {
        const file = textOf(get(item, "path"));
        if (file === undefined || (!isRequired(get(item, "required")) && !session.files.exists(file))) return;
        const before = new Map(variables);
        const naming = { place: item.at, path: [...path, "env_file", i] };
        const format = textOf(get(item, "format"));
        readEnvFile(file, session, naming, (name) => outside(name) ?? known.get(name), variables, format);
        for (const [key, variable] of variables) {
            if (before.get(key) === variable) continue;
            const at = { file: session.files.shown(file), line: variable.line, column: 1 };
            all.set(key, { at, node: scalar(variable.value, at) });
        }
    });
    for (const [key, node] of own) all.set(key, { at: node.at, node });
    const at = written?.at ?? container.at;
    return withEntry(container, "environment", mapping(all, at));
}

function withLabels(container: Mapping, path: Path, { session }: Context): Mapping {
    const files = get(container, "label_file");
    if (files?.kind !== "sequence" || files.items.length === 0) return container;
    const all = new Map<string, { at: Node["at"]; node: Node }>();
    files.items.forEach((item, i) => {
        const file = textOf(item);
        if (file === undefined) return;
        const variables = new Map<string, Variable>();
        const lookup = (name: string) => textOf(all.get(name)?.node);
        readEnvFile(file, session, { place: item.at, path: [...path, "label_file", i] }, lookup, variables);
        for (const [key, { value, line }] of variables) {
            const at = { file: session.files.shown(file), line, column: 1 };
            all.set(key, { at, node: scalar(value, at) });
        }
    });
    const written = get(container, "labels");
    for (const [key, node] of written && !isNull(written) ? pairsOf(written, [...path, "labels"]) : [])
        all.set(key, { at: node?.at ?? written!.at, node: node ?? scalar("", written!.at) });
    return withEntry(container, "labels", mapping(all, written?.at ?? container.at));
}

const withEntry = (container: Mapping, key: string, node: Node): Mapping =>
    mapping(new Map(container.entries).set(key, { at: node.at, node }), container.at);

function isRequired(node: Node | undefined): boolean {
    if (node?.kind !== "scalar" || node.value === null) return false;
    if (typeof node.value === "boolean") return node.value;
    try {
        return toBoolean(String(node.value)) === true;
    } catch {
        // The model says what is allowed.
        return true;
    }
}

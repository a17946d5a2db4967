import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { cacheFolder } from "../../sandbox/goProgram";

/** A scanner's finding on an object. */
export interface Finding {
    /** `kube-score container-resources: CPU limit is not set` */
    readonly finding: string;
    /** `StatefulSet/opencart-shop/database/exporter`; without a container if it concerns the whole object. */
    readonly object: string;
    readonly stack: string;
}

/** Accepted findings. */
export interface Exception {
    readonly findings: readonly string[];
    /** A regular expression of all of an object's name. */
    readonly objects: string;
    /** @default all */
    readonly stacks?: readonly string[];
    readonly reason: string;
}

/** Kubernetes of which kube-score knows the APIs; its own is one that has none of today's. */
const kubernetes = "v1.34";

/** Optional checks of kube-score. */
const optional = ["container-ports-check", "container-seccomp-profile", "environment-variable-key-duplication"];

interface Scored {
    readonly type_meta: { readonly kind: string };
    readonly object_meta: { readonly name: string; readonly namespace?: string };
    readonly checks: readonly {
        readonly check: { readonly id: string };
        /** 1: critical, 5: a warning; higher ones are passed. */
        readonly grade: number;
        readonly skipped: boolean;
        readonly comments: readonly { readonly path: string; readonly summary: string }[] | null;
    }[];
}

/** @param files of one stack each: a policy of one must not stand for another's */
export async function kubeScore(command: string, files: readonly string[]): Promise<Finding[]> {
    const found: Finding[] = [];
    for (const file of files) {
        const args = [
            ...["score", "--output-format", "json", "--output-version", "v2", "--kubernetes-version", kubernetes],
            ...optional.flatMap((one) => ["--enable-optional-test", one]),
            ...["--disable-ignore-checks-annotations", file],
        ];
        // It exits with 1 if it has findings.
        const { stdout } = await execa(command, args, { reject: false });
        for (const { type_meta, object_meta, checks } of JSON.parse(stdout) as Scored[])
            for (const { check, comments } of checks.filter(({ grade, skipped }) => !skipped && grade <= 5))
                for (const { path, summary } of comments ?? [{ path: "", summary: "" }])
                    found.push({
                        finding: `kube-score ${check.id}: ${summary}`,
                        object: nameOf(type_meta.kind, object_meta, path),
                        stack: basename(file, ".yaml"),
                    });
    }
    return found;
}

const nameOf = (kind: string, { namespace, name }: { namespace?: string; name: string }, container?: string): string =>
    [kind, namespace, name, container].filter(Boolean).join("/");

interface Checked {
    readonly check_id: string;
    readonly check_name: string;
    readonly evaluated_keys: readonly string[];
    readonly file_line_range: readonly [number, number];
}

/**
 * @param command checkov's, beside the interpreter that has its modules
 * @param files of one stack each
 */
export async function checkov(command: string, files: readonly string[]): Promise<Finding[]> {
    const script = join(__dirname, "..", "tools", "checkov", "each.py");
    const { stdout } = await execa(join(dirname(command), "python3"), [script, ...files]);
    return Object.entries(JSON.parse(stdout) as Record<string, Checked[]>).flatMap(([file, checks]) => {
        const lines = readFileSync(file, "utf8").split("\n");
        return checks.map((one) => {
            const [first, last] = one.file_line_range;
            // Its own name of an object has no container, and not always a namespace.
            const object = parse(documentIn(lines.slice(first - 1, last))) as Scanned;
            return {
                finding: `checkov ${one.check_id}: ${one.check_name}`,
                object: nameOf(object.kind, object.metadata, containerIn(object, one.evaluated_keys)),
                stack: basename(file, ".yaml"),
            };
        });
    });
}

/** Its ranges begin or end with the lines between two documents. */
const documentIn = (lines: readonly string[]): string =>
    lines
        .join("\n")
        .split(/^---$/m)
        .find((part) => part.trim() !== "")!;

interface Scanned {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The container that a path such as `spec/template/spec/containers/[1]/image` leads to. */
function containerIn(object: object, keys: readonly string[] = []): string | undefined {
    const steps = /^(.*\/(?:initC|c)ontainers\/\[\d+\])/.exec(keys[0] ?? "")?.[1]?.split("/") ?? [];
    let value: unknown = steps.length > 0 ? object : undefined;
    for (const step of steps) value = (value as Record<string, unknown> | undefined)?.[step.replace(/[[\]]/g, "")];
    return (value as { name?: string } | undefined)?.name;
}

/** Stacks whose findings are kept, the last ones. */
const mostKept = 200;

/**
 * Findings that a scanner had before in the same objects, and those in others. They are kept between runs and between
 * checkouts, by everything that they depend on.
 *
 * @param command the scanner's, in a folder that is named after its version
 */
export async function remembered(
    command: string,
    files: readonly string[],
    scan: (files: readonly string[]) => Promise<Finding[]>,
): Promise<Finding[]> {
    const digest = (file: string) => {
        const hash = createHash("sha256").update(command).update(readFileSync(__filename));
        return hash.update(basename(file)).update("\0").update(readFileSync(file)).digest("hex");
    };
    const list = join(cacheFolder(), `findings-${basename(command)}.json`);
    const kept = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Record<string, Finding[]>) : {};
    const others = files.filter((file) => kept[digest(file)] === undefined);
    if (others.length > 0) {
        const found = await scan(others);
        for (const file of others) kept[digest(file)] = found.filter(({ stack }) => stack === basename(file, ".yaml"));
        // Others may read it at the same time: it appears whole.
        const part = `${list}.${process.pid}`;
        writeFileSync(part, JSON.stringify(Object.fromEntries(Object.entries(kept).slice(-mostKept))));
        renameSync(part, list);
    }
    return files.flatMap((file) => kept[digest(file)]!);
}

/** Findings without an exception, and exceptions without a finding. */
export function judge(
    found: readonly Finding[],
    exceptions: readonly Exception[],
): { unexpected: Finding[]; stale: string[] } {
    const rules = exceptions.flatMap(({ findings, objects, stacks }) =>
        findings.map((finding) => ({ finding, objects, stacks, pattern: new RegExp(`^(?:${objects})$`) })),
    );
    const matches = (rule: (typeof rules)[number], { finding, object, stack }: Finding) =>
        rule.finding === finding && rule.pattern.test(object) && (rule.stacks?.includes(stack) ?? true);
    return {
        unexpected: found.filter((one) => !rules.some((rule) => matches(rule, one))),
        stale: rules
            .filter((rule) => !found.some((one) => matches(rule, one)))
            .map(({ finding, objects }) => `${finding} (${objects})`),
    };
}

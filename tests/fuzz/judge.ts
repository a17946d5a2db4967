import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { isForUsers } from "../../operations/system/errors";
import { streamOf } from "../../operations/render/manifests";
import { type RenderedObject, type Rendering, renderStack } from "../../operations/render/rendering";
import { ConfigError, type Problem } from "../../config/problems";
import { platforms } from "../support/storagePlatform";

/** The outcome for a stack file. */
export interface Verdict {
    /** `rendered`: no problem was found. `refused`: in words for users. `broken`: with a stack trace. */
    readonly outcome: "rendered" | "refused" | "broken";
    /** Faults of the program; empty if there are none. */
    readonly faults: readonly string[];
    /** The refusal, one line per problem. */
    readonly problems: readonly string[];
    readonly objects: readonly RenderedObject[];
}

const stack = "fuzz";

/** Does with a stack's file what `config check` and `render` do. @param folder where it may be written */
export async function judge(file: Buffer, folder: string): Promise<Verdict> {
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), file);
    const aside: string[] = [];
    const stop = listen((what) => aside.push(what));
    try {
        const rendering = await renderStack(stack, { folder, platforms });
        streamOf(rendering, true);
        return verdict("rendered", { faults: [...faultsOfRendering(rendering), ...aside], objects: rendering.objects });
    } catch (error) {
        if (!isForUsers(error)) return verdict("broken", { faults: [traceOf(error), ...aside] });
        const problems = error instanceof ConfigError ? error.problems : undefined;
        return verdict("refused", {
            faults: [...(problems?.flatMap(faultsOf) ?? [`a message without a path: ${error.message}`]), ...aside],
            problems: problems?.map(({ path, message }) => `${path}: ${message}`) ?? [error.message],
        });
    } finally {
        stop();
    }
}

const verdict = (outcome: Verdict["outcome"], rest: Partial<Verdict>): Verdict => ({
    outcome,
    faults: [],
    problems: [],
    objects: [],
    ...rest,
});

/** Reports unhandled rejections and printed output, because users would see both. */
function listen(tell: (what: string) => void): () => void {
    const rejected = (error: unknown) => tell(`nobody handles ${traceOf(error)}`);
    const { error: printed, warn } = console;
    console.error = (...words: unknown[]) => tell(`printed: ${words.map(String).join(" ").slice(0, 300)}`);
    console.warn = console.error;
    process.on("unhandledRejection", rejected);
    return () => {
        process.off("unhandledRejection", rejected);
        console.error = printed;
        console.warn = warn;
    };
}

const traceOf = (error: unknown): string =>
    error instanceof Error
        ? `${error.name}: ${error.message.slice(0, 300)} ${/\n +at ([^\n]*)/.exec(error.stack ?? "")?.[1] ?? ""}`.trim()
        : `thrown: ${String(error)}`;

/** Words of programmers, not of users. */
const internal =
    /\bundefined\b|\[object |Invalid (input|URL|option|string|type|key|element|value)|\bzod\b|Expected .* received|Unrecognized|is not (a function|iterable|defined)|Cannot (read|set|convert|create)|\bat .*\.[jt]s:\d/;

// eslint-disable-next-line no-control-regex -- they are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/;

/** Required parts of a message: the path, the value, and what is allowed. */
const helpful =
    /^line \d+, column \d+: |allowed|is missing|unknown|matches nothing|already|must|need|requires|belong|does not fit|may not|did you mean|is not possible|remove|exists|does not exist|there is no|cannot|longer than|is next to|contains|only|missing|listed twice|is too little|has no certificate|quote a text|write the keys out|set it to/;

function faultsOf({ path, message }: Problem): string[] {
    const line = `${path}: ${message}`;
    const complain = (what: string) => `${what}: ${line.slice(0, 400)}`;
    return [
        ...(/^([a-z]+:[^\s:]|Pulumi\.fuzz\.yaml)/.test(path) ? [] : [complain("a message without a path")]),
        ...(internal.test(message.replace(/"([^"\\]|\\.)*"?/g, ""))
            ? [complain("a message in programmers' words")]
            : []),
        ...(helpful.test(message) ? [] : [complain("a message that does not help")]),
        ...(control.test(line.replace(/\n/g, path.startsWith("Pulumi.") ? "" : "\n"))
            ? [complain("control characters")]
            : []),
        ...(line.length > 5000 ? [complain(`a message of ${line.length} characters`)] : []),
    ];
}

/** Objects that `config check` counts, and `kubectl` must distinguish. */
function faultsOfRendering({ objects }: Rendering): string[] {
    const seen = new Set<string>();
    return objects.flatMap(({ kind, metadata }) => {
        const id = `${kind} ${metadata?.namespace ?? ""}/${metadata?.name}`;
        if (seen.has(id)) return [`${id} is rendered twice`];
        seen.add(id);
        return [];
    });
}

export const hashOf = (object: RenderedObject): string =>
    createHash("sha256").update(JSON.stringify(object)).digest("base64");

/** The same stack without what its user changes in single objects and adds of objects. */
export function uncustomised(file: Buffer): Buffer {
    const document = parseDocument(file.toString("utf8"));
    const written = document.toJS() as { config?: Record<string, unknown> };
    const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
    const strip = (keys: unknown) => {
        if (isPlain(keys)) for (const key of ["patches", "extraObjects"]) delete keys[key];
    };
    const { config = {} } = written;
    ["plinth:base", "plinth:defaults", "plinth:edge"].forEach((key) => strip(config[key]));
    if (isPlain(config["plinth:instances"])) Object.values(config["plinth:instances"]).forEach(strip);
    return Buffer.from(JSON.stringify(written));
}

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ComposeError, loadProject } from "../../compose";
import type { Answer, ComposeGo, Question } from "./composeGo";

/** Variables that both loaders get, and nothing of this process. */
export const env = { HOME: "/home/user", TAG: "1.2", EMPTY: "", PORT: "8080" };

/** Texts by path in the project. */
export type Texts = Readonly<Record<string, string>>;

/** Writes a project's files and returns its folder. */
export function writeProject(folder: string, texts: Texts): string {
    for (const [name, text] of Object.entries(texts)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
    }
    return folder;
}

/** What the loader makes of a question, in the form of compose-go's answers. */
export function ownAnswer(question: Question & { readonly folder: string }): Answer {
    try {
        const { project, disabledServices } = loadProject({ ...question, env: question.env ?? env });
        const disabled = Object.keys(disabledServices).sort();
        return { model: JSON.parse(JSON.stringify(project)), ...(disabled.length > 0 ? { disabled } : {}) };
    } catch (error) {
        if (error instanceof ComposeError) return { error: error.message };
        throw error;
    }
}

/** compose-go's answer, with what has no order in it sorted. */
export async function wantedAnswer(
    oracle: ComposeGo,
    question: Question & { readonly folder: string },
): Promise<Answer> {
    const answer = await oracle.ask({ ...question, env: question.env ?? env });
    for (const service of Object.values(
        (answer.model?.["services"] ?? {}) as Record<string, { build?: { ssh?: string[] } }>,
    ))
        service.build?.ssh?.sort();
    return answer;
}

/**
 * How the two differ.
 *
 * @returns nothing if both have the same model, or refuse the project
 */
export function difference(own: Answer, wanted: Answer): string | undefined {
    if (own.error && wanted.error) return undefined;
    if (own.error) return `only the loader refuses it: ${own.error}`;
    if (wanted.error) return `only compose-go refuses it: ${wanted.error}`;
    const [one, other] = [own, wanted].map(({ model, disabled }) =>
        JSON.stringify(sorted({ model, disabled }), null, 1),
    );
    if (one === other) return undefined;
    const [lines, others] = [one!.split("\n"), other!.split("\n")];
    const at = lines.findIndex((line, i) => line !== others[i]);
    return `line ${at} of the models: ${lines.slice(at, at + 4).join(" ")} instead of ${others.slice(at, at + 4).join(" ")}`;
}

/** With the keys of all mappings in order. */
function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}

import type { Preview } from "./preview";
import { count } from "../system/text";

/** Below the limits of the services: 65,536 characters for GitHub's comments, a million for GitLab's notes. */
const limit = 60_000;
const previewLimit = 20_000;

/** The first line of a stack's note, by which the next run finds it. */
export const markerOf = (stack: string): string => `<!-- plinth: ${stack} -->`;

/**
 * A change for reviewers, as Markdown: what the engine would do, and the differences in the rendered objects.
 *
 * @param diff unified diff of the rendered objects
 */
export function noteOf(stack: string, { mode, text, refusal }: Preview, diff: string): string {
    const objects = (diff.match(/^diff --git /gm) ?? []).length;
    const engine =
        mode === "engine" ? "by the engine, compared with the cluster" : "offline: neither cluster nor state";
    const head = [
        markerOf(stack),
        `### \`${stack}\`: ${objects === 0 ? "no rendered object differs" : `${count(objects, "rendered object")} ${objects === 1 ? "differs" : "differ"}`}`,
        ...(refusal ? ["", "**Refused.**", fenced(refusal, "text", previewLimit)] : []),
    ];
    const preview = folded(`Preview, ${engine}`, fenced(plain(text), "text", previewLimit));
    const rest = limit - [...head, preview].join("\n").length - 500;
    return [...head, "", preview, ...(diff ? ["", folded("Rendered diff", fenced(diff, "diff", rest))] : []), ""].join(
        "\n",
    );
}

const folded = (title: string, body: string): string => `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;

/** Removes terminal colours. */
// eslint-disable-next-line no-control-regex -- escape sequences begin with one
const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, "");

/** A fenced block that its content cannot terminate, truncated at the end of a line. */
function fenced(content: string, language: string, length: number): string {
    const lines = content.trimEnd().split("\n");
    let used = 0;
    const fitting = lines.findIndex((line) => (used += line.length + 1) > length);
    const kept = fitting < 0 ? lines : lines.slice(0, fitting);
    const longest = Math.max(2, ...(content.match(/`+/g) ?? []).map((run) => run.length));
    const fence = "`".repeat(longest + 1);
    const more = lines.length - kept.length;
    return [
        `${fence}${language}`,
        ...kept,
        fence,
        ...(more > 0 ? [`… ${count(more, "more line")}: see the job's log.`] : []),
    ].join("\n");
}

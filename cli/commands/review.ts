import { writeFileSync } from "node:fs";
import { example, type Register } from "../command";
import { UserError } from "../../operations/system/errors";
import { noteOf } from "../../operations/review/note";
import { postNote } from "../../operations/review/postNote";
import { liveBefore } from "../../operations/launch/liveBefore";
import { openSession } from "../../operations/launch/sandbox";
import { guardedPreview, offlinePreview, whyOffline, withChanges } from "../../operations/review/preview";
import { renderedDiff } from "../../operations/review/renderedDiff";
import { unchangeable } from "../../operations/review/unchangeable";

interface Options {
    readonly base: string;
    readonly offline?: boolean;
    readonly out?: string;
    readonly post?: boolean;
}

export const review: Register = (program) => {
    example(
        program
            .command("review")
            .description(
                "Show how a change affects a stack.\n\nShows the preview, and the diff of every rendered object between a base commit and this checkout. Exit code 1 if data would be lost that plinth:acceptLoss does not name.",
            )
            .argument("[stack]", "stack to review", "dev")
            .requiredOption("--base <commit>", "git revision to compare with")
            .option("--offline", "use neither cluster nor state")
            .option("--no-offline", "fail if the engine cannot preview")
            .option("--out <file>", "write everything as Markdown, short enough for a note")
            .option("--post", "post it to the merge or pull request that this job runs for")
            .action(show),
        "review production --base origin/production",
        'review production --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --no-offline --post',
    );
};

async function show(stack: string, { base, offline, out, post = false }: Options): Promise<void> {
    const session = await openSession(stack);
    const rendering = await session.rendering();
    const { diff, base: before } = await renderedDiff(rendering, base);
    const { refused, unclear, replaced } = unchangeable(before, rendering, session.config().acceptLoss);
    const reason = await whyOffline(session, offline);
    const found =
        reason === undefined
            ? await guardedPreview(session, await liveBefore(session, false), ["--diff"])
            : offlinePreview(rendering, reason);
    const notes = [...unclear, ...replaced];
    const preview = withChanges(found, refused, notes);
    if (preview.mode === "offline") console.log(preview.text);
    else for (const line of notes) console.log(line);
    console.log(diff === "" ? `No rendered object differs from ${base}.` : diff);
    const note = noteOf(stack, preview, diff);
    if (out) writeFileSync(out, note);
    if (post) await postNote(note);
    if (preview.refusal) throw new UserError(preview.refusal);
}

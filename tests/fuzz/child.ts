import { rmSync } from "node:fs";
import { scratch } from "../support/tools";
import { hashOf, judge, type Verdict } from "./judge";
import { mutantOf } from "./mutants";

/** A process that judges mutants one after the other, on request of its parent. */

export interface Answer extends Pick<Verdict, "outcome" | "faults" | "problems"> {
    readonly seed: number;
    /** CPU time. */
    readonly seconds: number;
    readonly rendered: number;
    /** Those that this process has not rendered before. */
    readonly objects: readonly { readonly hash: string; readonly object: Verdict["objects"][number] }[];
}

const { path: folder } = scratch();
const seen = new Set<string>();

async function answer(seed: number): Promise<Answer> {
    const { file } = mutantOf(seed);
    const start = process.cpuUsage();
    const { objects, ...verdict } = await judge(file, folder);
    const { user, system } = process.cpuUsage(start);
    const hashed = objects.map((object) => ({ hash: hashOf(object), object }));
    const fresh = hashed.filter(({ hash }) => !seen.has(hash));
    for (const { hash } of fresh) seen.add(hash);
    return { ...verdict, seed, seconds: (user + system) / 1e6, rendered: objects.length, objects: fresh };
}

// The parent may have ended by then.
process.on("message", (seed: number) => void answer(seed).then((sent) => process.send!(sent, () => undefined)));
process.on("disconnect", () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit();
});
process.send!("ready");

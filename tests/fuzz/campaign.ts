import type { RenderedObject } from "../../operations/render/rendering";
import { scratch } from "../support/tools";
import { hashOf, judge, uncustomised } from "./judge";
import { mutantOf } from "./mutants";
import type { Server } from "./server";
import { type Judged, Worker } from "./workers";

export interface Finding {
    readonly seed: number;
    readonly what: string;
}

export interface Figures {
    mutants: number;
    /** By outcome. */
    readonly outcomes: Record<Judged["outcome"], number>;
    /** Objects of all mutants. */
    objects: number;
    /** Those that no other mutant has in the same form: the server is asked for each once. */
    distinct: number;
    /** Those that the server refused for what the user has written into them: valid in form, but not in value. */
    own: number;
    readonly findings: Finding[];
    /** Refusals in {@link own}. */
    readonly ownFindings: Finding[];
}

export interface CampaignArgs {
    /** Seed of the first mutant; the others follow by ones. */
    readonly seed: number;
    readonly count: number;
    /** @default none: objects are not validated by a server */
    readonly server?: Server;
    /** Processes. @default 2 */
    readonly workers?: number;
    /** @default none */
    readonly progress?: (figures: Figures) => void;
}

/** Maximum number of objects in the server's queue; beyond it, mutants wait. */
const atOnce = 200;

/** Judges mutants one after the other, and validates each rendered object on the server. */
export async function campaign({ seed, count, server, workers = 2, progress }: CampaignArgs): Promise<Figures> {
    const figures: Figures = {
        mutants: 0,
        outcomes: { rendered: 0, refused: 0, broken: 0, hung: 0, ended: 0 },
        objects: 0,
        distinct: 0,
        own: 0,
        findings: [],
        ownFindings: [],
    };
    const seen = new Set<string>();
    const asked = new Set<Promise<void>>();
    const refused: { seed: number; hash: string; object: RenderedObject; reason: string }[] = [];
    let next = seed;

    const ask = async (of: number, hash: string, object: RenderedObject): Promise<void> => {
        const reason = await server!.problem(object);
        if (reason !== undefined) refused.push({ seed: of, hash, object, reason });
    };
    const take = async (judged: Judged): Promise<void> => {
        figures.mutants += 1;
        figures.outcomes[judged.outcome] += 1;
        for (const what of judged.faults) figures.findings.push({ seed: judged.seed, what });
        if (!("objects" in judged)) return;
        figures.objects += judged.rendered;
        for (const { hash, object } of judged.objects) {
            if (seen.has(hash)) continue;
            seen.add(hash);
            figures.distinct += 1;
            if (!server) continue;
            const turn = ask(judged.seed, hash, object).finally(() => asked.delete(turn));
            asked.add(turn);
        }
        while (asked.size > atOnce) await Promise.race(asked);
    };
    await Promise.all(
        Array.from({ length: workers }, async () => {
            const worker = new Worker();
            while (next < seed + count) {
                await take(await worker.judge(next++));
                progress?.(figures);
            }
            worker.close();
        }),
    );
    await Promise.all(asked);
    for (const { seed: of, hash, object, reason } of refused) {
        const finding = { seed: of, what: `${object.kind}: ${reason}` };
        if (isOfForm(reason) || (await isOurs(of, hash))) figures.findings.push(finding);
        else figures.ownFindings.push(finding);
    }
    figures.own = figures.ownFindings.length;
    return figures;
}

/** Whether the server could not even decode an object, rather than refusing a value in it. */
const isOfForm = (reason: string): boolean =>
    /field not declared in schema|failed to create typed patch|unknown field|cannot unmarshal|expected .*, got/i.test(
        reason,
    );

/** Whether the stack renders an object without the user's patches and own objects, too. */
async function isOurs(seed: number, hash: string): Promise<boolean> {
    const { path, clean } = scratch();
    try {
        const { objects } = await judge(uncustomised(mutantOf(seed).file), path);
        return objects.some((object) => hashOf(object) === hash);
    } finally {
        clean();
    }
}

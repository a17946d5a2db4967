import { table } from "../../operations/system/text";
import type { Figures, Finding } from "./campaign";

/** The figures of a campaign, and each kind of finding with the seeds that show it. */
export function report(
    { mutants, outcomes, objects, distinct, own, findings, ownFindings }: Figures,
    judged: boolean,
): string {
    const share = (count: number) => `${count} (${((100 * count) / Math.max(mutants, 1)).toFixed(1)} %)`;
    const rows = [
        ["mutants", String(mutants)],
        ["rendered", share(outcomes.rendered)],
        ["refused in words", share(outcomes.refused)],
        ["with a stack trace", share(outcomes.broken)],
        ["hung, or ended their process", share(outcomes.hung + outcomes.ended)],
        ["objects, and distinct ones", `${objects}, ${distinct}`],
        [
            "refused by the server",
            judged
                ? `${findings.filter(isRefusal).length}, and ${own} for values of the user's own patches and objects`
                : "not asked",
        ],
        ["findings", String(findings.length)],
    ];
    return [
        table(["", ""], rows),
        ...kinds(findings).map(
            ([what, seeds]) => `\n${seeds.length}× ${what}\n    npm run fuzz -- --only ${seeds.slice(0, 5).join("|")}`,
        ),
        ...(ownFindings.length > 0 ? [`\nvalues of users' own that the server refuses, most frequent first:`] : []),
        ...kinds(ownFindings)
            .slice(0, 20)
            .map(([what, seeds]) => `  ${seeds.length}× ${what.slice(0, 200)} (${seeds[0]})`),
    ].join("\n");
}

const isRefusal = ({ what }: Finding): boolean => /^[A-Z]\w+: /.test(what);

/** Findings that differ only in values, by the first of them; most frequent first. */
function kinds(findings: readonly Finding[]): (readonly [string, readonly number[]])[] {
    const found = new Map<string, { what: string; seeds: number[] }>();
    for (const { seed, what } of findings) {
        const kind = what
            .replace(/"[^"]*"/g, '"…"')
            .replace(/plinth:[^ ]+/g, "…")
            .replace(/\d+/g, "0")
            .slice(0, 160);
        const entry = found.get(kind) ?? { what, seeds: [] };
        entry.seeds.push(seed);
        found.set(kind, entry);
    }
    return [...found.values()].sort((a, b) => b.seeds.length - a.seeds.length).map(({ what, seeds }) => [what, seeds]);
}

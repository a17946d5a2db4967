import pc from "picocolors";
import { type Result, runChecks } from "../../operations/doctor/checks";
import type { Level } from "../../operations/doctor/finding";
import { gather } from "../../operations/doctor/gather";
import { openSession } from "../../operations/launch/sandbox";
import { example, type Register } from "../command";
import { groupBy } from "../../operations/system/groupBy";
import { count } from "../../operations/system/text";

export const doctor: Register = (program) => {
    example(
        program
            .command("doctor")
            .description(
                "Check this machine and the cluster for everything that a stack needs.\n\nPrints a remedy for each problem and changes nothing. Exit code 1 if there is a problem.",
            )
            .argument("[stack]", "stack to check", "dev")
            .option("--json", "for scripts")
            .action(async (stack: string, options: { json?: boolean }) => {
                const results = runChecks(await gather(await openSession(stack)));
                console.log(options.json ? JSON.stringify(results, null, 2) : report(results));
                if (results.some(({ level }) => level === "problem")) process.exitCode = 1;
            }),
        "doctor production",
    );
};

const colours: Readonly<Record<Level, (text: string) => string>> = {
    ok: pc.green,
    warning: pc.yellow,
    problem: pc.red,
    "not checked": pc.dim,
};

const notMade: Level = "not checked";

/** One line per check, followed by its remedy; checks with the same missing prerequisite share a line. */
function report(results: readonly Result[]): string {
    const made = results.filter(({ level }) => level !== notMade);
    const others = groupBy(
        results.filter(({ level }) => level === notMade),
        ({ text }) => text,
    );
    const width = Math.max(...made.map(({ check }) => check.length)) + 2;
    const indent = " ".repeat(notMade.length + 2 + width);
    const start = (level: Level) => colours[level](level.padEnd(notMade.length + 2));
    const number = (wanted: Level) => results.filter(({ level }) => level === wanted).length;
    return [
        ...made.flatMap(({ level, check, text, remedy }) => [
            `${start(level)}${check.padEnd(width)}${text.replaceAll("\n", `\n${indent}`)}`,
            ...(remedy ? [`${indent}→ ${remedy}`] : []),
        ]),
        ...[...others].map(([why, same]) => `${start(notMade)}${same.map(({ check }) => check).join(", ")}: ${why}`),
        `\n${count(number("problem"), "problem")}, ${count(number("warning"), "warning")}`,
    ].join("\n");
}

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { table } from "../../operations/system/text";
import type { Figures } from "./measure";

/**
 * `npm run bench`: start-up against the SDK alone, and rendering against as many bare resources on the SDK's mock
 * monitor. All sides run in turn in this one run; the figures are medians. Exit code 1 if a goal is missed.
 */

const repetitions = Number(process.env["REPETITIONS"] ?? 5);
const loader = ["--require", "./cli/loader.cjs"];
const root = join(__dirname, "..", "..");

/** For 100 instances, as fractions of the bare resources' time and memory. */
const goals = { time: 0.25, memory: 0.5 };
/** How many times as long one instance of a thousand may take as one of a hundred. */
const linear = 1.5;

const node = (...args: readonly string[]): string =>
    execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const figuresOf = (file: "program" | "bare", count: number) =>
    JSON.parse(node(...loader, join(__dirname, `${file}.ts`), String(count))) as Figures;

function seconds(work: () => void): number {
    const start = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - start) / 1e9;
}

const medianOf = (figures: readonly Figures[]): Figures => ({
    seconds: median(figures.map((one) => one.seconds)),
    cpuSeconds: median(figures.map((one) => one.cpuSeconds)),
    resources: figures[0]!.resources,
    megabytes: median(figures.map((one) => one.megabytes)),
});

const starts = {
    "the SDK alone": ["--eval", 'require("@pulumi/pulumi"); require("@pulumi/kubernetes"); require("@pulumi/random")'],
    "what the engine runs": [...loader, "--eval", 'require("./index.ts")'],
    "what is rendered": [...loader, "--eval", 'require("./operations/render/rendering.ts")'],
};
const taken = Object.keys(starts).map((): number[] => []);
for (let turn = 0; turn < repetitions; turn++)
    Object.values(starts).forEach((args, index) => taken[index]!.push(seconds(() => node(...args))));
console.log(
    table(
        ["start-up", "seconds"],
        Object.keys(starts).map((what, index) => [what, median(taken[index]!).toFixed(2)]),
    ),
);

/** The program with this number of instances, and on request as many bare resources. */
function compare(instances: number, withBare: boolean): { ours: Figures; bare: Figures | undefined } {
    const ours: Figures[] = [];
    const bare: Figures[] = [];
    for (let turn = 0; turn < repetitions; turn++) {
        ours.push(figuresOf("program", instances));
        if (withBare) bare.push(figuresOf("bare", ours[0]!.resources));
    }
    return { ours: medianOf(ours), bare: withBare ? medianOf(bare) : undefined };
}

const [one, ten, hundred] = [1, 10, 100].map((instances) => compare(instances, true)) as [
    ReturnType<typeof compare>,
    ReturnType<typeof compare>,
    ReturnType<typeof compare>,
];
const thousand = compare(1000, false);
const cells = (instances: number, { ours, bare }: ReturnType<typeof compare>) => {
    const both = (of: (figures: Figures) => number, unit: string, digits: number) => [
        `${of(ours).toFixed(digits)} ${unit}`,
        bare ? `${of(bare).toFixed(digits)} ${unit}` : "",
        bare ? (of(ours) / of(bare)).toFixed(2) : "",
    ];
    return [
        String(instances),
        String(ours.resources),
        ...both((figures) => figures.seconds, "s", 2),
        ...both((figures) => figures.cpuSeconds, "s", 2),
        ...both((figures) => figures.megabytes, "MB", 0),
    ];
};
console.log(
    table(
        ["instances", "resources", "wall", "bare", "ratio", "CPU", "bare", "ratio", "memory", "bare", "ratio"],
        [cells(1, one), cells(10, ten), cells(100, hundred), cells(1000, thousand)],
    ),
);

const judged: readonly (readonly [what: string, is: number, goal: number])[] = [
    [
        "time of 100 instances on the clock, part of the bare resources'",
        hundred.ours.seconds / hundred.bare!.seconds,
        goals.time,
    ],
    ["CPU time of 100 instances, part of theirs", hundred.ours.cpuSeconds / hundred.bare!.cpuSeconds, goals.time],
    ["memory of 100 instances, part of theirs", hundred.ours.megabytes / hundred.bare!.megabytes, goals.memory],
    ["CPU time an instance, of 1,000 to 100", thousand.ours.cpuSeconds / hundred.ours.cpuSeconds / 10, linear],
];
for (const [what, is, goal] of judged) {
    console.log(`${is <= goal ? "met" : "MISSED"}: ${what}: ${is.toFixed(2)}, at most ${goal}`);
    if (is > goal) process.exitCode = 1;
}

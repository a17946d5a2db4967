import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { table } from "../../operations/system/text";

/**
 * `npm run bench`: start-up against the SDK alone, and rendering against as many bare resources. Both sides run in
 * turn in this one run; the figures are medians.
 */

const repetitions = Number(process.env["REPETITIONS"] ?? 3);
const loader = ["--require", "./cli/loader.cjs"];
const root = join(__dirname, "..", "..");

interface Figures {
    readonly seconds: number;
    readonly resources: number;
    readonly megabytes: number;
}

const node = (...args: readonly string[]): string =>
    execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const measure = (what: string, count: number) =>
    JSON.parse(node(...loader, join(__dirname, "measure.ts"), what, String(count))) as Figures;

function seconds(work: () => void): number {
    const start = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - start) / 1e9;
}

const medianOf = (figures: readonly Figures[]): Figures => ({
    seconds: median(figures.map((one) => one.seconds)),
    resources: figures[0]!.resources,
    megabytes: median(figures.map((one) => one.megabytes)),
});

const sdk: number[] = [];
const program: number[] = [];
for (let turn = 0; turn < repetitions; turn++) {
    sdk.push(
        seconds(() =>
            node("--eval", 'require("@pulumi/pulumi"); require("@pulumi/kubernetes"); require("@pulumi/random")'),
        ),
    );
    program.push(seconds(() => node(...loader, "--eval", 'require("./index.ts")')));
}
console.log(
    `start-up: SDK alone ${median(sdk).toFixed(2)} s, program ${median(program).toFixed(2)} s, ratio ${(median(program) / median(sdk)).toFixed(2)}\n`,
);

const rows = [1, 10, 100].map((instances) => {
    const ours: Figures[] = [];
    const bare: Figures[] = [];
    for (let turn = 0; turn < repetitions; turn++) {
        ours.push(measure("program", instances));
        bare.push(measure("bare", ours[0]!.resources));
    }
    const a = medianOf(ours);
    const b = medianOf(bare);
    return [
        String(instances),
        String(a.resources),
        `${a.seconds.toFixed(2)} s`,
        `${b.seconds.toFixed(2)} s`,
        (a.seconds / b.seconds).toFixed(2),
        `${a.megabytes} MB`,
        `${b.megabytes} MB`,
        (a.megabytes / b.megabytes).toFixed(2),
    ];
});
console.log(table(["instances", "resources", "program", "bare", "ratio", "program", "bare", "ratio"], rows));

import { Command, InvalidArgumentError } from "commander";
import { isBuilt, removeSandbox, startSandbox } from "../../sandbox";
import { findProgram, scratch } from "../support/tools";
import { campaign } from "./campaign";
import { judge } from "./judge";
import { mutantOf } from "./mutants";
import { report } from "./report";
import { Server } from "./server";

/** `npm run fuzz`: mutants of all fixture stacks, through `config check`, `render` and a real API server. */

const whole = (text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("allowed: a whole number");
    return Number(text);
};

interface Options {
    readonly count: number;
    readonly seed: number;
    readonly workers: number;
    readonly only?: number;
    readonly server: boolean;
}

const command = new Command("npm run fuzz --")
    .option("--count <number>", "mutants", whole, 10_000)
    .option("--seed <number>", "of the first mutant; the next one has the next", whole, Date.now() % 1_000_000)
    .option("--workers <number>", "processes", whole, 2)
    .option("--only <seed>", "show one mutant, and what becomes of it", whole)
    .option("--no-server", "ask no API server")
    .parse();

async function main({ only, server: wanted, ...args }: Options): Promise<void> {
    if (only !== undefined) return show(only);
    const { path: folder, clean } = scratch();
    const asks = wanted && (isBuilt() || findProgram("go") !== undefined);
    if (!asks)
        console.log(`no API server is asked: ${wanted ? "it is not built, and Go is not installed" : "--no-server"}`);
    try {
        const sandbox = asks ? await startSandbox({ folder }) : undefined;
        const server = sandbox && (await Server.through([sandbox.kubectl, "--kubeconfig", sandbox.kubeconfig], folder));
        console.log(`seed ${args.seed}`);
        const start = Date.now();
        const figures = await campaign({
            ...args,
            ...(server ? { server } : {}),
            progress: ({ mutants, findings }) => {
                if (mutants % 200 === 0)
                    console.log(
                        `${mutants} mutants, ${findings.length} findings, ${Math.round((Date.now() - start) / 1000)} s`,
                    );
            },
        });
        await server?.close();
        console.log(report(figures, asks));
        if (figures.findings.length > 0) process.exitCode = 1;
    } finally {
        if (asks) await removeSandbox(folder);
        clean();
    }
}

async function show(seed: number): Promise<void> {
    const { path, clean } = scratch();
    try {
        const { file, story } = mutantOf(seed);
        const { outcome, faults, problems, objects } = await judge(file, path);
        console.log(`${story.join("; ")}\n\n${file.toString("utf8")}\n${outcome}, ${objects.length} objects`);
        for (const line of [...faults, ...problems]) console.log(`  ${line}`);
        if (faults.length > 0) process.exitCode = 1;
    } finally {
        clean();
    }
}

void main(command.opts<Options>());

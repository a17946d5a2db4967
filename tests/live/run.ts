import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { execaSync } from "execa";
import { parse } from "yaml";
import type { LiveOptions } from "./live";

// npm run test:live -- --context NAME [suite…]: see docs/development.md.

const suites = readdirSync(__dirname)
    .filter((file) => file.endsWith(".live.ts"))
    .map((file) => file.slice(0, -".live.ts".length))
    .sort();

interface Given {
    readonly context: string;
    readonly address?: string;
    readonly build?: boolean;
    readonly stack?: string;
    readonly beside?: string;
    readonly work?: string;
    readonly only?: string;
    readonly report?: string;
}

const program = new Command("npm run test:live --")
    .description(
        "Deploy platforms with the engine on a cluster that runs containers, and break them in every way that the documentation promises to survive.",
    )
    .argument("[suites...]", `of ${suites.join(", ")}`, suites)
    .requiredOption(
        "--context <name>",
        "context of your kubeconfig; the suite creates and deletes namespaces live-… there",
    )
    .option(
        "--address <host>",
        "where this machine reaches NodePorts or balancers (default: the balancer's address, or that of the first node)",
    )
    .option("--build", "build the project's own images with Docker, and load them into the local cluster first")
    .option("--stack <file>", "stack file whose configuration is laid over the suite's: registry, storage classes …")
    .option(
        "--beside <folder>",
        "folder with SUITE.yaml: objects to apply in the namespace live-SUITE-beside first, such as a server outside of the instance",
    )
    .option(
        "--work <folder>",
        "keep the project here and leave the instance at the end, unless the last step has removed it; a run that finds an instance goes on with it",
    )
    .option("--only <pattern>", "only the steps whose titles match; with --work")
    .option("--report <file>", "append each figure as a line of JSON")
    .action((wanted: string[], { context, address, build = false, stack, beside, work, only, report }: Given) => {
        const unknown = wanted.filter((name) => !suites.includes(name));
        if (unknown.length > 0)
            program.error(`error: there is no suite ${unknown.join(", ")}; allowed: ${suites.join(", ")}`);
        if (only && !work) program.error("error: --only needs --work with an instance of an earlier run");
        const options: LiveOptions = {
            context,
            build,
            ...(address ? { address } : {}),
            ...(beside ? { beside: resolve(beside) } : {}),
            ...(work ? { work: resolve(work) } : {}),
            ...(report ? { report: resolve(report) } : {}),
            stackConfig: stack ? configOf(stack) : {},
        };
        const mocha = join(__dirname, "..", "..", "node_modules", "mocha", "bin", "mocha.js");
        const files = wanted.map((name) => join(__dirname, `${name}.live.ts`));
        const { exitCode } = execaSync(
            process.execPath,
            [mocha, "--no-parallel", ...(only ? ["--grep", only] : []), ...files],
            {
                cwd: join(__dirname, "..", ".."),
                env: { PLINTH_LIVE: JSON.stringify(options) },
                stdio: "inherit",
                reject: false,
            },
        );
        process.exitCode = exitCode ?? 1;
    });

/** The configuration in a stack file. */
function configOf(file: string): Readonly<Record<string, unknown>> {
    let text: string;
    try {
        text = readFileSync(file, "utf8");
    } catch {
        return program.error(`error: --stack ${file}: cannot be read`);
    }
    const { config } = parse(text) as { config?: Readonly<Record<string, unknown>> };
    return config ?? program.error(`error: --stack ${file} has no map config`);
}

program.parse();

import { Command } from "commander";
import pc from "picocolors";
import { stringify } from "yaml";
import { stackJsonSchema } from "../config/jsonSchema";
import { version } from "../package.json";
import { platforms } from "../platforms";
import { read } from "./commands";
import { chooseBackend, findEngine, isMissing } from "./engine";
import { UserError } from "./errors";
import { launch, preview, stackOutputs } from "./launch";
import { count, table } from "./preview";
import { streamOf, writeRendering } from "./render";
import { renderStack } from "./rendering";
import { stackConfig } from "./stackConfig";
import { stackNames } from "./stackFile";
import { status } from "./status";

const program = new Command("plinth")
    .description(
        "Complete web platforms on Kubernetes: a thin layer over pulumi and kubectl, whose commands it prints.",
    )
    .version(version)
    .showHelpAfterError("(--help shows what is allowed)")
    .configureHelp({ showGlobalOptions: true });

const example = (command: Command, ...lines: readonly string[]) =>
    command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ./plinth ${line}\n`).join("")}`);

example(
    program
        .command("render")
        .description(
            "Write every object that `pulumi up` would send as YAML, with a kustomization.yaml. Needs Node only.",
        )
        .argument("[stack]", "stack to render", "dev")
        .option("--out <dir>", "folder for one file an object; without it everything goes to standard output")
        .option(
            "--show-secrets",
            "real values of generated and configured secrets, from the stack's state (needs the Pulumi CLI)",
        )
        .action(async (stack: string, options: { out?: string; showSecrets?: boolean }) => {
            const real = options.showSecrets ?? false;
            const rendering = await renderStack(stack, real ? await secretsOf(stack) : {});
            if (!options.out) {
                process.stdout.write(streamOf(rendering, real));
                return;
            }
            const files = writeRendering(rendering, options.out, real);
            console.log(
                `${files.length} objects in ${options.out}; as the base of an overlay, or: kubectl diff --kustomize ${options.out}`,
            );
            if (!real)
                console.log(
                    "Secrets are written for review but not listed in the kustomization: their values are placeholders (see --show-secrets).",
                );
        }),
    "render production --out out",
    "render dev | kubectl diff --filename -",
);

example(
    program
        .command("preview")
        .description(
            "Show what `launch` would do: with the engine, or offline where CLI, cluster or stack are missing.",
        )
        .argument("[stack]", "stack to preview", "dev")
        .option("--json", "for scripts")
        .action((stack: string, options: { json?: boolean }) => preview(stack, options.json ?? false)),
    "preview staging",
);

example(
    program
        .command("launch")
        .description("Bring a stack up, or up to date; then print URLs, DNS records and where the first password is.")
        .argument("[stack]", "stack to launch", "dev")
        .option(
            "--edge-first",
            "first only the edges' Services, so that DNS can be set before certificates are asked for; an Ingress has its address from its controller",
        )
        .option("--recover", "go on after an interrupted run: clear its lock, take over what it has created")
        .action((stack: string, options: { edgeFirst?: boolean; recover?: boolean }) =>
            launch(stack, { edgeFirst: options.edgeFirst ?? false, recover: options.recover ?? false }),
        ),
    "launch",
    "launch production --edge-first",
);

const config = program.command("config").description("Check or show a stack's configuration.");
example(
    config
        .command("check")
        .description("Report every problem of a stack's configuration; exit code 1 when there is one.")
        .argument("[stack]", "stack to check, or all of them")
        .action(async (stack?: string) => {
            for (const name of stack ? [stack] : stackNames()) {
                const { objects, outputs } = await renderStack(name);
                console.log(
                    `${name}: ${count(Object.keys(outputs.instances).length, "instance")}, ${count(objects.length, "object")}, no problem`,
                );
            }
        }),
    "config check production",
);
example(
    config
        .command("show")
        .description("Show a stack's configuration merged and complete, defaults included, secrets left out.")
        .argument("[stack]", "stack to show", "dev")
        .option("--json", "for scripts")
        .action((stack: string, options: { json?: boolean }) => {
            const complete = stackConfig(stack);
            console.log(
                options.json
                    ? JSON.stringify(complete, null, 2)
                    : stringify(complete, { aliasDuplicateObjects: false }).trimEnd(),
            );
        }),
    "config show staging",
);

example(
    config
        .command("schema")
        .description("Print the JSON Schema of stack files, for completion in editors.")
        .action(() =>
            console.log(
                JSON.stringify(stackJsonSchema(Object.values(platforms).map((platform) => platform.config)), null, 2),
            ),
        ),
    "config schema > plinth.schema.json",
);

example(
    program
        .command("dns")
        .description("Show the DNS records that lead a stack's hosts to its edges.")
        .argument("[stack]", "launched stack", "dev")
        .option("--json", "for scripts")
        .option("--zone", "as lines of a zone file")
        .action(async (stack: string, options: { json?: boolean; zone?: boolean }) => {
            const { dns } = await stackOutputs(stack);
            if (!dns) throw new UserError(`"${stack}" has not been launched yet: ./plinth launch ${stack}`);
            if (options.json) console.log(JSON.stringify(dns, null, 2));
            else if (options.zone) process.stdout.write(dns.zone);
            else if (dns.records.length > 0)
                console.log(
                    table(
                        ["name", "type", "value"],
                        dns.records.map(({ name, type, value }) => [name, type, value]),
                    ),
                );
            if (!options.json && dns.pending.length > 0)
                console.error(`No address is known yet for ${dns.pending.join(", ")}.`);
        }),
    "dns production --zone >> example.org.zone",
);

example(
    program
        .command("status")
        .description("Show what of a stack is in the cluster, and whether it is ready.")
        .argument("[stack]", "launched stack", "dev")
        .option("--json", "for scripts")
        .action((stack: string, options: { json?: boolean }) => status(stack, options.json ?? false)),
    "status production",
);

/** Generated values of a launched stack, by resource name, and its configuration with secrets decrypted. */
async function secretsOf(
    stack: string,
): Promise<{ generated: Record<string, string>; config: Record<string, string> }> {
    const engine = await findEngine();
    if (isMissing(engine)) throw new UserError(`--show-secrets needs ${engine.what}\n  ${engine.remedy}`);
    const { env } = chooseBackend(stack);
    const state = await read(engine.command, ["stack", "export", "--show-secrets", "--stack", stack], { env });
    const values = await read(engine.command, ["config", "--show-secrets", "--json", "--stack", stack], { env });
    if (!state.ok || !values.ok)
        throw new UserError(`The secrets of "${stack}" could not be read: ${(state.stderr || values.stderr).trim()}`);
    const exported = JSON.parse(state.stdout) as {
        deployment: { resources?: { urn: string; type: string; outputs?: { result?: Exported } }[] };
    };
    const generated = (exported.deployment.resources ?? []).flatMap(({ urn, type, outputs }) =>
        type.startsWith("random:") && outputs?.result
            ? [[urn.slice(urn.lastIndexOf("::") + 2), plain(outputs.result)] as const]
            : [],
    );
    const config = Object.entries(JSON.parse(values.stdout) as Record<string, { value: string }>).map(
        ([key, { value }]) => [key, value] as const,
    );
    return { generated: Object.fromEntries(generated), config: Object.fromEntries(config) };
}

/** A value in exported state: as it is, or as the JSON of what was encrypted. */
type Exported = string | { readonly plaintext: string };

const plain = (value: Exported): string =>
    typeof value === "string" ? value : (JSON.parse(value.plaintext) as string);

// A reader such as `head` may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
});

/**
 * Whether an error speaks to users: ours, those with the mark by which the engine leaves the stack trace out, and the
 * system's (no permission, disk full).
 */
const isForUsers = (error: unknown): error is Error =>
    error instanceof UserError || (error instanceof Error && ("__pulumiRunError" in error || "syscall" in error));

program.parseAsync().catch((error: unknown) => {
    if (isForUsers(error)) console.error(pc.red(error.message));
    else console.error(error);
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
});

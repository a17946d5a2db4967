import { Command } from "commander";
import pc from "picocolors";
import { version } from "../package.json";
import { config } from "./commands/config";
import { dns } from "./commands/dns";
import { launch } from "./commands/launch";
import { preview } from "./commands/preview";
import { render } from "./commands/render";
import { status } from "./commands/status";
import { UserError } from "./errors";

const program = new Command("plinth")
    .description(
        "Complete web platforms on Kubernetes: a thin layer over pulumi and kubectl, whose commands it prints.",
    )
    .version(version)
    .showHelpAfterError("(--help shows what is allowed)")
    .configureHelp({ showGlobalOptions: true });

// In the order of the help.
for (const register of [render, preview, launch, config, dns, status]) register(program);

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

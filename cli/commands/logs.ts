import { example, type Register } from "../command";
import { findComponent, fullName, podsOf } from "../../operations/cluster/components";
import { lastRun } from "../../operations/cluster/lastRun";
import { UserError } from "../../operations/system/errors";
import type { Pod } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import { checkContainer, podsOfComponent } from "../../operations/cluster/pods";

interface LogsOptions {
    readonly follow?: boolean;
    readonly since?: string;
    readonly tail: string;
    readonly previous?: boolean;
    readonly container?: string;
}

export const logs: Register = (program) => {
    example(
        program
            .command("logs")
            .description("Show the logs of a component's pods, each line with pod and container.")
            .argument("<component>", "frontend, or shop/frontend if several instances have one")
            .argument("[stack]", "launched stack", "dev")
            .option("-f, --follow", "follow the logs until Ctrl-C")
            .option("--since <duration>", "only lines newer than this: 30s, 10m, 1h")
            .option("--tail <lines>", "number of lines per container; -1 for all", "100")
            .option("-p, --previous", "logs from before the containers' last restart")
            .option("-c, --container <name>", "only this container (default: all)")
            .action((target: string, stack: string, options: LogsOptions) => show(target, stack, options)),
        "logs frontend production --follow",
        "logs shop/database --since 1h --tail -1",
    );
};

async function show(target: string, stack: string, options: LogsOptions): Promise<void> {
    checkOptions(options);
    const kubectl = await (await openSession(stack)).kubectl();
    const { component } = await findComponent(kubectl, target);
    const pods = await podsOfComponent(kubectl, component);
    if (pods.length === 0) {
        const run = await lastRun(kubectl, component);
        throw new UserError(
            `${fullName(component)} has no pods at the moment${run ? `; ${run}` : ""}. See ./plinth status ${stack}`,
        );
    }
    if (options.container) checkContainer(component, pods[0]!, options.container);
    process.exitCode = await kubectl.attach([
        "logs",
        "--namespace",
        component.namespace,
        "--selector",
        podsOf(component),
        "--prefix",
        ...(options.container ? ["--container", options.container] : ["--all-containers"]),
        // A container that has not started yet must not hide the logs of the others.
        "--ignore-errors",
        "--max-log-requests",
        String(streamsOf(pods)),
        "--tail",
        options.tail,
        ...(options.since ? ["--since", options.since] : []),
        ...(options.previous ? ["--previous"] : []),
        ...(options.follow ? ["--follow"] : []),
    ]);
}

function checkOptions({ since, tail }: LogsOptions): void {
    if (!/^(-1|\d+)$/.test(tail))
        throw new UserError(`--tail "${tail}" is not allowed; allowed: a number of lines, or -1 for all`);
    if (since !== undefined && !/^(\d+(\.\d+)?(h|m|s))+$/.test(since))
        throw new UserError(`--since "${since}" is not allowed; allowed: a duration such as 30s, 10m or 1h30m`);
}

/** kubectl refuses to follow more than five containers unless the number is given. */
const streamsOf = (pods: readonly Pod[]): number =>
    pods.reduce((sum, { spec }) => sum + spec.containers.length + (spec.initContainers?.length ?? 0), 0);

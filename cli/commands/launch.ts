import { InvalidArgumentError, Option } from "commander";
import { bringUp, type LaunchArgs } from "../../operations/launch/bringUp";
import { enterSandbox, openSession } from "../../operations/launch/sandbox";
import { addProject } from "../../operations/compose/addProject";
import { Session } from "../../operations/session";
import { UserError } from "../../operations/system/errors";
import { type VolumeType, volumeTypes } from "../../platforms/compose/config";
import { example, type Register } from "../command";
import { showStatus } from "./status";

interface LaunchOptions extends LaunchArgs {
    readonly sandbox?: boolean;
    readonly compose?: readonly string[];
    readonly host?: string;
    readonly replicas?: number;
    readonly volumes?: VolumeType;
}

function wholeNumber(text: string): number {
    if (/^\d{1,3}$/.test(text)) return Number(text);
    throw new InvalidArgumentError("Allowed: 0 to 999.");
}

export const launch: Register = (program) => {
    example(
        program
            .command("launch")
            .description(
                "Deploy or update a stack.\n\nThen prints URLs, DNS records and where to find the first password.",
            )
            .argument("[stack]", "stack to launch", "dev")
            .option(
                "--edge-first",
                "deploy the edges' Services before everything else, so that DNS can be set up before certificates are requested; an Ingress gets its address from its controller",
            )
            .option("--recover", "continue after an interrupted run: clear its lock, adopt what it has created")
            .option(
                "--accept-loss <object>",
                "continue even if this object with data is missing, or would be deleted or replaced: KIND/NAMESPACE/NAME, once per object; plinth:acceptLoss in the stack file does the same, with review",
                (object: string, others: readonly string[]) => [...others, object],
                [],
            )
            .option(
                "--new-cluster <context>",
                "continue even if the cluster of this context is not the one the stack was deployed to: everything is recreated there, with the passwords from the state",
            )
            .option(
                "--adopt <name>",
                "adopt what a previous deployment has left: a namespace with its claims, a PersistentVolume, or secret/NAMESPACE/NAME, once per object",
                (name: string, others: readonly string[]) => [...others, name],
                [],
            )
            .option(
                "--sandbox",
                "deploy to a separate control plane on this machine, with simulated nodes that run no containers; requires Node and Go",
            )
            .option(
                "--compose <file...>",
                "add this Docker Compose project to the stack file first, unless it is there",
            )
            .option("--host <name>", "host of that project (default: its name below localhost)")
            .option(
                "--replicas <number>",
                "pods of each of its services that states no number and keeps no data (default: 1)",
                wholeNumber,
            )
            .addOption(
                new Option("--volumes <type>", "what its volumes are (default: persistentVolumeClaim)").choices(
                    volumeTypes,
                ),
            )
            .action(async (stack: string, { sandbox, compose, host, replicas, volumes, ...options }: LaunchOptions) => {
                const project = {
                    ...(host === undefined ? {} : { host }),
                    ...(replicas === undefined ? {} : { replicas }),
                    ...(volumes === undefined ? {} : { volumes }),
                };
                if (compose) await addProject(new Session(stack), compose, project);
                else if (Object.keys(project).length > 0)
                    throw new UserError(
                        `Nothing was changed: --${Object.keys(project).join(", --")} belong to --compose FILE; those of an instance stand in Pulumi.${stack}.yaml.`,
                    );
                const session = await (sandbox ? enterSandbox(stack) : openSession(stack));
                await bringUp(session, options);
                if (!session.isInSandbox) return;
                console.log();
                await showStatus(session, false);
                console.log(
                    "\nThe nodes are simulated and run no containers: every object is accepted and becomes ready as in a cluster, but no URL answers.\n" +
                        "Explore it with ./plinth status, then remove it: ./plinth sandbox down",
                );
            }),
        "launch",
        "launch production --edge-first",
        "launch staging --adopt qxsms-pprd",
        "launch production --new-cluster production-eks",
        "launch --sandbox",
        "launch --compose compose.yaml",
        "launch --compose compose.yaml --replicas 3 --volumes emptyDir",
    );
};

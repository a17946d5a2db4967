import { bringUp, type LaunchArgs } from "../../operations/launch/bringUp";
import { enterSandbox, openSession } from "../../operations/launch/sandbox";
import { example, type Register } from "../command";
import { showStatus } from "./status";

export const launch: Register = (program) => {
    example(
        program
            .command("launch")
            .description(
                "Bring a stack up, or up to date; then print URLs, DNS records and where the first password is.",
            )
            .argument("[stack]", "stack to launch", "dev")
            .option(
                "--edge-first",
                "first only the edges' Services, so that DNS can be set before certificates are asked for; an Ingress has its address from its controller",
            )
            .option("--recover", "go on after an interrupted run: clear its lock, take over what it has created")
            .option(
                "--accept-loss <object>",
                "go on although an object that holds data is gone, or would be deleted or replaced: KIND/NAMESPACE/NAME, once for each; plinth:acceptLoss in the stack's file does the same, reviewed",
                (object: string, others: readonly string[]) => [...others, object],
                [],
            )
            .option(
                "--new-cluster <context>",
                "go on although the cluster of this context is another than the stack was deployed to: all is made anew there, with the passwords of the state",
            )
            .option(
                "--adopt <name>",
                "take over what a former deployment has left: a namespace with its claims, a PersistentVolume, or secret/NAMESPACE/NAME, once for each",
                (name: string, others: readonly string[]) => [...others, name],
                [],
            )
            .option(
                "--sandbox",
                "on a control plane of its own on this machine, with simulated nodes that run no containers: needs Node and Go",
            )
            .action(async (stack: string, { sandbox, ...options }: LaunchArgs & { sandbox?: boolean }) => {
                const session = await (sandbox ? enterSandbox(stack) : openSession(stack));
                await bringUp(session, options);
                if (!session.isInSandbox) return;
                console.log();
                await showStatus(session, false);
                console.log(
                    "\nThe nodes are simulated and run no containers: every object is accepted and settles as in a cluster, but no URL answers.\n" +
                        "Look around with ./plinth status, then remove it all: ./plinth sandbox down",
                );
            }),
        "launch",
        "launch production --edge-first",
        "launch staging --adopt qxsms-pprd",
        "launch production --new-cluster production-eks",
        "launch --sandbox",
    );
};

import pc from "picocolors";
import type { DnsRecord } from "../../components/dns";
import type { StackOutputs } from "../../components/outputs";
import { type Backend, chooseBackend, type Engine, findEngine, present } from "./engine";
import { UserError } from "../system/errors";
import { renderStack } from "../render/rendering";
import { read } from "../system/shell";

/** The stack's outputs as the engine has them. */
export type Outputs = Pick<StackOutputs, "instances" | "warnings"> & {
    readonly dns: { records: DnsRecord[]; zone: string; pending: string[] };
};

/** The outputs of the last run. */
export async function stackOutputs(stack: string): Promise<Outputs> {
    return outputsOf(present(await findEngine()), chooseBackend(stack), stack);
}

/** What is known of a stack without a run: the outputs of the last one, or, without engine or stack, the rendering's. */
export async function knownOutputs(
    stack: string,
): Promise<{ source: "engine" | "rendering"; outputs: Pick<Outputs, "instances"> }> {
    try {
        const outputs = await stackOutputs(stack);
        // A stack that was created and never launched has none.
        if (outputs.instances) return { source: "engine", outputs };
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
    }
    return { source: "rendering", outputs: (await renderStack(stack)).outputs };
}

async function outputsOf(engine: Engine, backend: Backend, stack: string): Promise<Outputs> {
    const { ok, stdout, stderr } = await read(engine.command, ["stack", "output", "--json", "--stack", stack], {
        env: backend.env,
    });
    if (!ok) throw new UserError(`The outputs of "${stack}" could not be read: ${stderr.trim()}`);
    return JSON.parse(stdout) as Outputs;
}

/** Prints where everything is, as the last run has left it. */
export const showOutputs = async (engine: Engine, backend: Backend, stack: string): Promise<void> =>
    printOutputs(await outputsOf(engine, backend, stack));

/** Prints where everything is. */
export function printOutputs({ instances, dns }: Pick<Outputs, "instances" | "dns">): void {
    for (const [name, { urls, firstPassword }] of Object.entries(instances ?? {})) {
        console.log(`\n${pc.bold(name)}`);
        for (const [what, url] of Object.entries(urls)) console.log(`  ${what.padEnd(10)}${url}`);
        if (firstPassword) console.log(`  password  ${firstPassword}`);
    }
    if (dns?.records.length) console.log(`\nDNS records:\n${dns.zone}`);
    if (dns?.pending.length) console.log(`\nNo address is known yet for ${dns.pending.join(", ")}.`);
}

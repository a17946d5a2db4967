import pc from "picocolors";
import type { DnsRecord } from "../../components/dns";
import type { StackOutputs } from "../../components/outputs";
import type { Pulumi } from "./pulumi";

/** The stack's outputs as the engine returns them. */
export type Outputs = Pick<StackOutputs, "instances" | "warnings"> & {
    readonly dns: { records: DnsRecord[]; zone: string; pending: string[] };
};

/**
 * The outputs of the last run; empty if the stack was created but never launched.
 *
 * @throws EngineError if they cannot be read
 */
export async function outputsOf(pulumi: Pulumi): Promise<Partial<Outputs>> {
    const failed = `The outputs of "${pulumi.stack}" could not be read`;
    return JSON.parse(await pulumi.read(["stack", "output", "--json"], { failed })) as Partial<Outputs>;
}

/** Prints addresses, first credentials and DNS records. */
export function printOutputs({ instances, dns }: Partial<Pick<Outputs, "instances" | "dns">>): void {
    for (const [name, { urls, firstPassword }] of Object.entries(instances ?? {})) {
        console.log(`\n${pc.bold(name)}`);
        for (const [what, url] of Object.entries(urls)) console.log(`  ${what.padEnd(10)}${url}`);
        if (firstPassword) console.log(`  password  ${firstPassword}`);
    }
    if (dns?.records.length) console.log(`\nDNS records:\n${dns.zone}`);
    if (dns?.pending.length) console.log(`\nNo address is known yet for ${dns.pending.join(", ")}.`);
}

import { wasApplied } from "../../operations/launch/applyToSandbox";
import { example, type Register } from "../command";
import { UserError } from "../../operations/system/errors";
import { type Outputs, outputsOf } from "../../operations/engine/outputs";
import type { Session } from "../../operations/session";
import { openSession } from "../../operations/launch/sandbox";
import { table } from "../../operations/system/text";

export const dns: Register = (program) => {
    example(
        program
            .command("dns")
            .description("Show the DNS records that point a stack's hosts to its edges.")
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .option("--zone", "as lines of a zone file")
            .action(async (stack: string, options: { json?: boolean; zone?: boolean }) => {
                const dns = await dnsOf(await openSession(stack));
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
};

/** A sandbox deployed without the engine has no outputs, so the rendering's are used. */
const dnsOf = async (session: Session): Promise<Outputs["dns"] | undefined> =>
    session.isInSandbox && wasApplied()
        ? (await session.rendering()).outputs.dns
        : (await outputsOf(await session.pulumi())).dns;

import { example, type Register } from "../command";
import { pinAll } from "../../operations/images/pinning";
import { count } from "../../operations/system/text";

export const pin: Register = (program) => {
    example(
        program
            .command("pin")
            .description(
                "Write into this checkout the digests of what its images and pipelines start from, and the checksums of the Pulumi CLI and its plugins, as their makers have them now.",
            )
            .option("--json", "for scripts")
            .action(async ({ json }: { json?: boolean }) => {
                const pinned = await pinAll();
                if (json) return console.log(JSON.stringify(pinned, null, 2));
                for (const { file, name, from, to } of pinned)
                    console.log(`${file}: ${name}\n${from ? `  was ${from}\n` : ""}  now ${to}`);
                console.log(
                    pinned.length > 0
                        ? `${count(pinned.length, "pin")} written; look at the change, and commit it.`
                        : "Everything is pinned to what its makers have.",
                );
            }),
        "pin",
    );
};

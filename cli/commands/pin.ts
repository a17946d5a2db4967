import { example, type Register } from "../command";
import { pinAll } from "../../operations/images/pinning";
import { count } from "../../operations/system/text";

export const pin: Register = (program) => {
    example(
        program
            .command("pin")
            .description(
                "Update the pinned digests and checksums in this checkout.\n\nThese are the digests of base images in Dockerfiles and pipelines, and the checksums of the Pulumi CLI and its plugins.",
            )
            .option("--json", "for scripts")
            .action(async ({ json }: { json?: boolean }) => {
                const pinned = await pinAll();
                if (json) return console.log(JSON.stringify(pinned, null, 2));
                for (const { file, name, from, to } of pinned)
                    console.log(`${file}: ${name}\n${from ? `  was ${from}\n` : ""}  now ${to}`);
                console.log(
                    pinned.length > 0
                        ? `${count(pinned.length, "pin")} written; review the change and commit it.`
                        : "All pins are up to date.",
                );
            }),
        "pin",
    );
};

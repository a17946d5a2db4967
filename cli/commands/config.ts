import { stringify } from "yaml";
import { stackJsonSchema } from "../../config/jsonSchema";
import { platforms } from "../../platforms";
import { example, type Register } from "../command";
import { renderStack } from "../rendering";
import { stackConfig } from "../stackConfig";
import { stackNames } from "../stackFile";
import { count } from "../text";

export const config: Register = (program) => {
    const group = program.command("config").description("Check or show a stack's configuration.");
    example(
        group
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
        group
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
        group
            .command("schema")
            .description("Print the JSON Schema of stack files, for completion in editors.")
            .action(() =>
                console.log(
                    JSON.stringify(
                        stackJsonSchema(Object.values(platforms).map((platform) => platform.config)),
                        null,
                        2,
                    ),
                ),
            ),
        "config schema > plinth.schema.json",
    );
};

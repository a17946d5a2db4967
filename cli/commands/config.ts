import pc from "picocolors";
import { stringify } from "yaml";
import { stackJsonSchema } from "../../config/jsonSchema";
import type { Origin } from "../../config/merge";
import { example, type Register } from "../command";
import { findInstances } from "../../operations/stackfile/instances";
import { withOrigins } from "../originText";
import { Session } from "../../operations/session";
import { allPlatforms, configOrigins } from "../../operations/stackfile/stackConfig";
import { stackNames } from "../../operations/stackfile/stackFile";
import { count } from "../../operations/system/text";

interface ShowOptions {
    readonly origins: boolean;
    readonly json?: boolean;
}

export const config: Register = (program) => {
    const group = program.command("config").description("Check or show a stack's configuration.");
    example(
        group
            .command("check")
            .description("Report every problem in a stack's configuration.\n\nExit code 1 if there is one.")
            .argument("[stack]", "stack to check, or all of them")
            .action(async (stack?: string) => {
                for (const name of stack ? [stack] : stackNames()) {
                    const { objects, outputs } = await new Session(name).rendering();
                    console.log(
                        `${name}: ${count(Object.keys(outputs.instances).length, "instance")}, ${count(objects.length, "object")}, no problems`,
                    );
                    for (const warning of outputs.warnings) console.log(`  ${pc.yellow("warning")} ${warning}`);
                }
            }),
        "config check production",
    );
    example(
        group
            .command("show")
            .description(
                "Show a stack's merged configuration and where each value comes from.\n\nDefaults are included, secrets left out.",
            )
            .argument("[stack]", "stack to show", "dev")
            .argument("[instance]", "only this instance")
            .option("--no-origins", "only values")
            .option("--json", "only values, for scripts")
            .action((stack: string, instance: string | undefined, options: ShowOptions) =>
                console.log(shown(stack, instance, options)),
            ),
        "config show staging",
        "config show production pprd",
    );

    example(
        group
            .command("schema")
            .description(
                "Print the JSON Schema of stack files, for completion in editors: with all platforms that any of them names.",
            )
            .action(() =>
                console.log(
                    JSON.stringify(
                        stackJsonSchema(Object.values(allPlatforms()).map((platform) => platform.config)),
                        null,
                        2,
                    ),
                ),
            ),
        "config schema > plinth.schema.json",
    );
};

/** A stack's configuration, or that of one of its instances. */
function shown(stack: string, instance: string | undefined, { origins, json }: ShowOptions): string {
    const session = new Session(stack);
    const config = session.config();
    const found = configOrigins(session.file(), session.platforms());
    const one = instance === undefined ? undefined : findInstances(config, [instance])[0]!;
    if (json) return JSON.stringify(one ?? config, null, 2);
    if (!origins) return stringify(one ?? config, { aliasDuplicateObjects: false }).trimEnd();
    if (one) return withOrigins(one, found.instances[one.name]!, ["name"]);
    const { instances, warnings, ...rest } = config;
    const { edge: sharedEdge = {}, ...own } = found.stack as Readonly<Record<string, Origin>>;
    return [
        withOrigins(rest, { ...own, sharedEdge }, ["project", "stack"]),
        "instances:",
        ...instances.map((each) =>
            withOrigins(each, found.instances[each.name]!, ["name"]).replace(/^/gm, "    ").replace(/^ {4}/, "  - "),
        ),
        stringify({ warnings }).trimEnd(),
    ].join("\n");
}

import pc from "picocolors";
import { namespaceOf } from "../../config/unique";
import { howToSet } from "../../config/problems";
import { addInstance } from "../../operations/instances/addInstance";
import { changesText, example, type Register } from "../command";
import { openSession } from "../../operations/launch/sandbox";
import { shortImage } from "../statusText";
import { table } from "../../operations/system/text";
import { instanceRemove } from "./instanceRemove";

interface AddOptions {
    readonly host: string;
    readonly platform?: string;
    readonly like?: string;
    readonly set?: readonly string[];
    readonly compose?: readonly string[];
}

export const instance: Register = (program) => {
    const group = program.command("instance").description("List, add or remove instances of a stack.");
    example(
        group
            .command("list")
            .description("List the instances in a stack file, with the images of their pods.")
            .argument("[stack]", "stack to list", "dev")
            .option("--json", "for scripts")
            .action((stack: string, options: { json?: boolean }) => list(stack, options.json ?? false)),
        "instance list production",
    );
    example(
        group
            .command("add")
            .description(
                "Add a new instance to a stack file.\n\nThe file is only written if the whole stack is then valid, apart from secrets that are not set yet. Nothing is deployed.",
            )
            .argument("<instance>", "name of the instance")
            .argument("[stack]", "stack to add it to", "dev")
            .requiredOption("--host <name>", "its public host name")
            .option("--platform <name>", "its platform (default: that of --like, or of plinth:defaults)")
            .option("--like <instance>", "copy the keys of that instance, except those that must be unique")
            .option(
                "--compose <file...>",
                "a Docker Compose project as the instance: platform compose with these files",
            )
            .option("--set <key=value...>", "further keys, with dots; values in YAML")
            .action(add),
        "instance add pprd staging --platform opencart --host shop-pprd.example.org --set size=medium http.maxBody=128Mi",
        "instance add wiki --compose wiki/compose.yaml --host wiki.example.org",
        "instance add north production --like shop --host north.example.org",
    );
    instanceRemove(group);
};

async function list(stack: string, json: boolean): Promise<void> {
    const session = await openSession(stack);
    const { outputs } = await session.rendering();
    const rows = session.config().instances.map((instance) => ({
        name: instance.name,
        platform: instance.platform,
        namespace: namespaceOf(instance),
        host: instance.host,
        state: instance.state,
        images: outputs.instances[instance.name]!.images,
    }));
    if (json) return console.log(JSON.stringify(rows, null, 2));
    if (rows.length === 0)
        return console.log(`"${stack}" has no instances: ./plinth instance add NAME ${stack} --host …`);
    console.log(
        table(
            ["instance", "platform", "namespace", "host", "state", "images"],
            rows.map(({ images, ...own }) => [...Object.values(own), Object.values(images).map(shortImage).join(", ")]),
        ),
    );
}

async function add(name: string, stack: string, options: AddOptions): Promise<void> {
    const { diff, notCopied, secrets } = await addInstance(await openSession(stack), name, options);
    console.log(changesText(stack, diff));
    if (notCopied.length > 0) console.log(`\nNot copied, because they must be unique: ${notCopied.join(", ")}`);
    if (secrets.length > 0)
        console.log(
            `\nIt cannot be deployed until these secrets are set:\n${secrets
                .map(({ key, purpose }) => `  ${howToSet(name, key, stack)}   ${pc.dim(`# ${purpose}`)}`)
                .join("\n")}`,
        );
    console.log(`\nNothing is deployed yet: ./plinth preview ${stack}, then ./plinth launch ${stack}`);
}

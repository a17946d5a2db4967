import pc from "picocolors";
import { howToSet } from "../../config/problems";
import { importTutor } from "../../operations/importing/importTutor";
import { openSession } from "../../operations/launch/sandbox";
import { changesText, example, type Register } from "../command";

interface TutorOptions {
    readonly name: string;
    readonly stack: string;
}

export const importing: Register = (program) => {
    const group = program.command("import").description("Continue a platform that another tool has deployed.");
    example(
        group
            .command("tutor")
            .description(
                "Write an instance that continues an Open edX of Tutor.\n\nTakes its settings, keys and passwords from config.yml, and names what cannot be carried over. The file is only written if the whole stack is then valid. Nothing is deployed.",
            )
            .argument("<folder>", "Tutor's root: what `tutor config printroot` prints")
            .requiredOption("--name <instance>", "name of the new instance")
            .option("--stack <stack>", "stack to add it to", "dev")
            .action(tutor),
        "import tutor ~/.local/share/tutor --name openedx --stack production",
    );
};

async function tutor(folder: string, { name, stack }: TutorOptions): Promise<void> {
    const { diff, secrets, left, missing, claims, namespace } = await importTutor(
        await openSession(stack),
        name,
        folder,
    );
    console.log(changesText(stack, diff));
    console.log(`\nSecrets stored, encrypted: ${secrets.join(", ")}`);
    if (left.length > 0)
        console.log(`\n${left.map(({ what, reason }) => `not carried over: ${pc.bold(what)} (${reason})`).join("\n")}`);
    if (missing.length > 0)
        console.log(
            `\nIt cannot be deployed until these secrets are set:\n${missing
                .map(({ key, purpose }) => `  ${howToSet(name, key, stack)}   ${pc.dim(`# ${purpose}`)}`)
                .join("\n")}`,
        );
    const how =
        claims.length > 0
            ? `stop the pods (tutor k8s stop), then adopt the claims ${claims.join(" and ")}: ./plinth launch ${stack} --adopt ${namespace}`
            : `./plinth preview ${stack}, then ./plinth launch ${stack}`;
    console.log(`\nNothing is deployed yet. Make dumps, ${how}\nEvery step: docs/moving-in.md, "From Tutor"`);
}

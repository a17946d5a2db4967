import { discardBefore, upgradeDatabase } from "../../operations/database/upgradeDatabase";
import { openSession } from "../../operations/launch/sandbox";
import { Session } from "../../operations/session";
import { changesText, example, type Register } from "../command";

export const database: Register = (program) => {
    const group = program.command("database").description("Upgrade PostgreSQL to another major version.");
    example(
        group
            .command("upgrade")
            .description(
                "Set a new major version of an instance's PostgreSQL in the stack file.\n\nThe next launch dumps the data with the present image and loads them with the new one, into a directory of their own on the volume. The data of before stay until `database discard`. The file is only written if the whole stack is then valid.",
            )
            .argument("<instance>", "instance of the stack")
            .argument("<image>", "image of the new version")
            .argument("[stack]", "launched stack", "dev")
            .action(upgrade),
        "database upgrade pprd docker.io/library/postgres:18.1 production",
    );
    example(
        group
            .command("discard")
            .description(
                "Delete the data of before an upgrade from the volume.\n\nAlso removes the upgrade from the stack file. Asks for the instance's name.",
            )
            .argument("<instance>", "instance of the stack")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <instance>", "confirm without being asked")
            .action((instance: string, stack: string, { yes }: { yes?: string }) => discard(instance, stack, yes)),
        "database discard pprd production",
    );
};

async function upgrade(instance: string, image: string, stack: string): Promise<void> {
    const diff = await upgradeDatabase(new Session(stack), instance, image);
    if (diff.length > 0) console.log(`${changesText(stack, diff)}\n`);
    console.log(
        `Nothing is deployed yet. Make a backup, then launch; the instance waits for its database meanwhile:\n  ./plinth backup now ${instance} ${stack}\n  ./plinth launch ${stack}`,
    );
}

async function discard(instance: string, stack: string, yes?: string): Promise<void> {
    const { directories, diff } = await discardBefore(await openSession(stack), instance, yes);
    console.log(
        directories.length > 0 ? `Deleted from the volume: ${directories.join(", ")}` : "The volume has no other data.",
    );
    if (diff.length > 0) console.log(`${changesText(stack, diff)}\n`);
}

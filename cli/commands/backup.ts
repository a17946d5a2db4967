import { backUpNow, findBackups, listBackups } from "../../operations/backup/backups";
import { example, type Register } from "../command";
import { confirmName } from "../../operations/system/confirm";
import { openSession } from "../../operations/launch/sandbox";
import { restoreBackup, resumeWriters } from "../../operations/backup/restore";
import { gibibytes, table } from "../../operations/system/text";

interface RestoreOptions {
    readonly yes?: string;
    readonly safetyBackup: boolean;
    readonly recover?: boolean;
}

export const backup: Register = (program) => {
    const group = program
        .command("backup")
        .description("Back an instance up now, list its backups, or bring one back (docs/backup.md).");
    example(
        group
            .command("now")
            .description("Back an instance up at once and wait for it; exit code 1 when the backup is not complete.")
            .argument("<instance>", "instance with `backup`")
            .argument("[stack]", "launched stack", "dev")
            .action(now),
        "backup now shop production",
    );
    example(
        group
            .command("list")
            .description("List the backups of an instance, the newest first, as its target has them.")
            .argument("<instance>", "instance with `backup`")
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts; sizes in bytes")
            .action((instance: string, stack: string, { json = false }: { json?: boolean }) =>
                list(instance, stack, json),
            ),
        "backup list shop production",
    );
    example(
        group
            .command("restore")
            .description(
                "Put a backup in the place of an instance's data: checks it, stops what writes, backs up what is there, loads, and starts again. Asks for the instance's name first. Exit code 10: it broke off with a part of the backup loaded, and says how to go on.",
            )
            .argument("<instance>", "instance with `backup`")
            .argument("<name>", "backup, as `backup list` names it")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--no-safety-backup", "do not back up what is there before")
            .option("--recover", "go on with a restore that was broken off, with the same backup or another")
            .action(restore),
        "backup restore shop 20261101T020000Z-3fa2 production",
    );
    example(
        group
            .command("resume")
            .description("Start again what a broken-off restore has stopped, where the data are whole.")
            .argument("<instance>", "instance with `backup`")
            .argument("[stack]", "launched stack", "dev")
            .action(async (instance: string, stack: string) =>
                resumeWriters(await (await openSession(stack)).kubectl(), instance),
            ),
        "backup resume shop production",
    );
};

async function now(instance: string, stack: string): Promise<void> {
    const session = await openSession(stack);
    const name = await backUpNow(await session.kubectl(), instance);
    console.log(name ?? `The newest of: ./plinth backup list ${instance} ${stack}`);
}

async function list(instance: string, stack: string, json: boolean): Promise<void> {
    const kubectl = await (await openSession(stack)).kubectl();
    const backups = await listBackups(kubectl, await findBackups(kubectl, instance));
    if (json) return console.log(JSON.stringify(backups, null, 2));
    if (backups.length === 0)
        return console.log(`"${instance}" has no backup yet: ./plinth backup now ${instance} ${stack}`);
    console.log(
        table(
            ["name", "taken", "size", "engine", "complete"],
            backups.map(({ name, takenAt, files, engine = "", version = "", complete }) => [
                name,
                takenAt,
                gibibytes(Object.values(files).reduce((sum, size) => sum + size, 0)),
                `${engine} ${version}`.trim(),
                complete ? "yes" : "no",
            ]),
        ),
    );
}

async function restore(instance: string, name: string, stack: string, options: RestoreOptions): Promise<void> {
    const { yes, ...args } = options;
    const kubectl = await (await openSession(stack)).kubectl();
    await findBackups(kubectl, instance);
    await confirmName(instance, `The data of "${instance}" will be replaced by those of ${name}.`, yes);
    const safety = await restoreBackup(kubectl, instance, name, args);
    console.log(`"${instance}" has the data of ${name}.`);
    if (safety) console.log(`Those from before are in: ${safety}`);
}

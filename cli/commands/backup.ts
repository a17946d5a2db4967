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
        .description("Back up an instance, list its backups, or restore one (docs/backup.md).");
    example(
        group
            .command("now")
            .description("Back up an instance now and wait for it.\n\nExit code 1 if the backup is not complete.")
            .argument("<instance>", "instance with `backup` configured")
            .argument("[stack]", "launched stack", "dev")
            .action(now),
        "backup now shop production",
    );
    example(
        group
            .command("list")
            .description("List the backups of an instance on its target, newest first.")
            .argument("<instance>", "instance with `backup` configured")
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
                "Replace the data of an instance with a backup.\n\nChecks the backup, stops everything that writes to the data, backs up the current data, loads the backup, and starts everything again. Asks for the instance's name first.\n\nExit code 10 if it failed with the backup partially loaded; it then prints how to continue.",
            )
            .argument("<instance>", "instance with `backup` configured")
            .argument("<name>", "name of the backup, see `backup list`")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <name>", "confirm with the instance's name, for scripts")
            .option("--no-safety-backup", "do not back up the current data first")
            .option("--recover", "continue an interrupted restore, with the same or a different backup")
            .action(restore),
        "backup restore shop 20261101T020000Z-3fa2 production",
    );
    example(
        group
            .command("resume")
            .description("Start everything that an interrupted restore has stopped, if the data is intact.")
            .argument("<instance>", "instance with `backup` configured")
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
    console.log(name ?? `The new backup is the newest in: ./plinth backup list ${instance} ${stack}`);
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
    await confirmName(instance, `The data of "${instance}" will be replaced by ${name}.`, yes);
    const safety = await restoreBackup(kubectl, instance, name, args);
    console.log(`"${instance}" now has the data of ${name}.`);
    if (safety) console.log(`The previous data is in: ${safety}`);
}

import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, rmdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { namespaceOf } from "../../config/unique";
import { show, suggest } from "../../config/problems";
import type { AnyInstance } from "../../config/stack";
import { example, type Register } from "../command";
import { componentOf, listStack } from "../../operations/cluster/components";
import { dataPod, mountingOf, mountPath, podsWith, withPod } from "../../operations/data/dataPod";
import { UserError } from "../../operations/system/errors";
import type { Claim } from "../../operations/cluster/live";
import { findInstances } from "../../operations/stackfile/instances";
import type { Kubectl } from "../../operations/cluster/kubectl";
import { openSession } from "../../operations/launch/sandbox";
import type { Session } from "../../operations/session";
import { type Call, pipe } from "../../operations/system/pipe";
import { findOnPath } from "../../operations/system/shell";
import { gibibytes } from "../../operations/system/text";

interface DataOptions {
    readonly image?: string;
}

const volumeHelp = "claim as listed by `volumes`, optionally with a path in it: files:/image";

export const data: Register = (program) => {
    const group = program
        .command("data")
        .description("Copy files from or to a volume of an instance, even of a removed one.");
    example(
        group
            .command("copy")
            .description("Copy files from a volume to a new local folder.")
            .argument("<instance>", "instance of the stack")
            .argument("<volume[:path]>", volumeHelp)
            .argument("<folder>", "local folder that is empty or does not exist yet")
            .argument("[stack]", "launched stack", "dev")
            .option("--image <reference>", "image of the helper pod, with sh and tar (default: busybox)")
            .action(async (name: string, source: string, folder: string, stack: string, options: DataOptions) =>
                copy({ name, target: source, folder, session: await openSession(stack), ...options }),
            ),
        "data copy shop files ./files production",
        "data copy shop files:/image/catalog ./catalog production",
    );
    example(
        group
            .command("load")
            .description(
                "Copy the files of a local folder to a volume.\n\nFiles with the same name are overwritten. Refused while a data service uses the volume.",
            )
            .argument("<folder>", "local folder")
            .argument("<instance>", "instance of the stack")
            .argument("<volume[:path]>", `${volumeHelp}; the path is created if it does not exist`)
            .argument("[stack]", "launched stack", "dev")
            .option("--image <reference>", "image of the helper pod, with sh and tar (default: busybox)")
            .action(async (folder: string, name: string, target: string, stack: string, options: DataOptions) =>
                load({ name, target, folder, session: await openSession(stack), ...options }),
            ),
        "data load ./files shop files production",
    );
};

interface MoveArgs extends DataOptions {
    readonly session: Session;
    readonly name: string;
    /** `VOLUME[:PATH]` */
    readonly target: string;
    readonly folder: string;
}

async function copy(args: MoveArgs): Promise<void> {
    const folder = resolve(args.folder);
    if (existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0))
        throw new UserError(`${args.folder} already exists and is not an empty folder; choose a new one`);
    if (!existsSync(dirname(folder))) throw new UserError(`${dirname(args.folder)}: this folder does not exist`);
    const tar = localTar();
    const volume = await findVolume(args);
    const { running } = volume;
    if (running.some(isDataService))
        console.error(
            `${names(running)} may write to this volume while it is copied, so the copy may be inconsistent. For a database, take a backup or stop the instance first.`,
        );
    await withVolume(args, volume, true, async (into, signal) => {
        const part = mkdtempSync(`${folder}.part-`);
        try {
            const script =
                '[ -e "$1" ] || { echo "$2 does not exist in the volume" >&2; exit 1; }\n' +
                'if [ -d "$1" ]; then cd "$1" && set -- .; else cd "$(dirname "$1")" && set -- "./$(basename "$1")"; fi\n' +
                'exec tar -cf - --exclude ./lost+found "$1"';
            const bytes = await pipe(
                call(volume.kubectl, [...into, "--", "sh", "-c", script, "sh", mountPath + volume.path, volume.path]),
                { command: tar, args: ["-xf", "-", "-C", part, "--no-same-owner"] },
                signal,
            );
            if (existsSync(folder)) rmdirSync(folder);
            renameSync(part, folder);
            console.log(`${gibibytes(bytes)} of ${args.name}/${args.target} copied to ${args.folder}.`);
        } finally {
            rmSync(part, { recursive: true, force: true });
        }
    });
}

async function load(args: MoveArgs): Promise<void> {
    const folder = resolve(args.folder);
    const entries = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
    if (entries.length === 0) throw new UserError(`${args.folder} is not a folder with files`);
    const tar = localTar();
    const volume = await findVolume(args);
    const open = volume.running.filter(isDataService);
    if (open.length > 0)
        throw new UserError(
            `Nothing was loaded: ${names(open)} is using the volume and must not have its files changed while running. Stop it first:\n` +
                `  ./plinth stop ${args.session.stack} ${args.name}`,
        );
    await withVolume(args, volume, false, async (into, signal) => {
        // Entries by name: the volume's root directory belongs to the driver, and tar would try to change its
        // attributes.
        const input = entries.map((entry) => `./${entry}\0`).join("");
        const script = 'mkdir -p "$1" && exec tar -xf - -C "$1"';
        try {
            const bytes = await pipe(
                {
                    command: tar,
                    args: ["-cf", "-", "-C", folder, "--null", "-T", "-"],
                    input,
                    // Otherwise macOS adds extra files.
                    env: { COPYFILE_DISABLE: "1" },
                },
                call(volume.kubectl, [...into, "--stdin", "--", "sh", "-c", script, "sh", mountPath + volume.path]),
                signal,
            );
            console.log(`${gibibytes(bytes)} of ${args.folder} copied to ${args.name}/${args.target}.`);
        } catch (error) {
            console.error("Files copied so far are kept; run the command again to complete it.");
            throw error;
        }
    });
}

interface FoundVolume {
    readonly kubectl: Kubectl;
    readonly instance: AnyInstance;
    readonly claim: Claim;
    /** Path in the volume: empty for the whole volume, else with a leading slash. */
    readonly path: string;
    readonly running: Awaited<ReturnType<typeof podsWith>>;
}

/** @throws UserError if instance, volume or path is invalid */
async function findVolume({ session, name, target }: MoveArgs): Promise<FoundVolume> {
    const kubectl = await session.kubectl();
    const [instance] = findInstances(kubectl.config, [name]) as [AnyInstance];
    const { volume, path } = splitTarget(target);
    const claims = (await listStack<Claim>(kubectl, "persistentvolumeclaims")).filter(
        (claim) => componentOf(claim).instance === name,
    );
    const known = claims.map(({ metadata }) => metadata.name);
    const claim = claims.find(({ metadata }) => metadata.name === volume);
    if (!claim)
        throw new UserError(
            `"${name}" has no volume ${show(volume)} in the cluster${suggest(volume, known)}; available: ${known.join(", ") || "none"}`,
        );
    const running = await podsWith(kubectl, namespaceOf(instance), volume);
    if (running.length > 0 && claim.spec.accessModes?.includes("ReadWriteOncePod"))
        throw new UserError(
            `${names(running)} is using the volume, which only one pod may mount. Stop it first:\n  ./plinth stop ${session.stack} ${name}`,
        );
    return { kubectl, instance, claim, path, running };
}

/**
 * Splits `files:/image` into the claim and the path in it, which must not lead out of the volume.
 *
 * @throws UserError if it does
 */
export function splitTarget(target: string): { volume: string; path: string } {
    const [volume, ...rest] = target.split(":") as [string, ...string[]];
    const parts = rest
        .join(":")
        .split("/")
        .filter((part) => part !== "" && part !== ".");
    if (parts.includes(".."))
        throw new UserError(`${target}: the path must stay within the volume; ".." is not allowed`);
    return { volume, path: parts.map((part) => `/${part}`).join("") };
}

async function withVolume(
    { session, name, image }: MoveArgs,
    { kubectl, instance, claim, running }: FoundVolume,
    readOnly: boolean,
    work: Parameters<typeof withPod>[2],
): Promise<void> {
    const mounting = await mountingOf(session, name, claim.metadata.name);
    if (!mounting)
        throw new UserError(`No pod of "${name}" mounts ${claim.metadata.name}: cannot tell which user owns its files`);
    const nodeName = claim.spec.accessModes?.includes("ReadWriteMany") ? undefined : running[0]?.spec.nodeName;
    const pod = dataPod({
        kubectl,
        instance,
        namespace: claim.metadata.namespace,
        claim: claim.metadata.name,
        readOnly,
        mounting,
        ...(nodeName ? { nodeName } : {}),
        ...(image ? { image } : {}),
    });
    await withPod(kubectl, pod, work);
}

/** Data services are StatefulSets: they cannot handle changes of the files on their volume. */
const isDataService = ({ metadata }: FoundVolume["running"][number]): boolean =>
    metadata.ownerReferences?.some(({ kind }) => kind === "StatefulSet") ?? false;

const names = (pods: FoundVolume["running"]): string => pods.map(({ metadata }) => metadata.name).join(", ");

const call = ({ command, args }: Kubectl, more: readonly string[]): Call => ({ command, args: [...args, ...more] });

function localTar(): string {
    const tar = findOnPath("tar");
    if (!tar) throw new UserError("Missing: tar\n  it is part of the system or available from its package manager");
    return tar;
}

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

const volumeHelp = "claim as `volumes` names it, and after a colon a path in it: files:/image";

export const data: Register = (program) => {
    const group = program
        .command("data")
        .description("Move files out of or into a volume of an instance, whether it runs or was removed.");
    example(
        group
            .command("copy")
            .description("Copy files of a volume into a new local folder.")
            .argument("<instance>", "instance of the stack")
            .argument("<volume[:path]>", volumeHelp)
            .argument("<folder>", "local folder that does not exist yet, or is empty")
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
                "Copy the files of a local folder into a volume, over those of the same name. Not into one that a running data service has open.",
            )
            .argument("<folder>", "local folder")
            .argument("<instance>", "instance of the stack")
            .argument("<volume[:path]>", `${volumeHelp}; made where it is not there`)
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
        throw new UserError(`${args.folder} is there already and not an empty folder; name a new one`);
    if (!existsSync(dirname(folder))) throw new UserError(`${dirname(args.folder)}: there is no such folder`);
    const tar = localTar();
    const volume = await findVolume(args);
    const { running } = volume;
    if (running.some(isDataService))
        console.error(
            `${names(running)} writes to this volume: files may not fit together. For a database take a backup, or stop the instance first.`,
        );
    await withVolume(args, volume, true, async (into, signal) => {
        const part = mkdtempSync(`${folder}.part-`);
        try {
            const script =
                '[ -e "$1" ] || { echo "there is no $2 in the volume" >&2; exit 1; }\n' +
                'if [ -d "$1" ]; then cd "$1" && set -- .; else cd "$(dirname "$1")" && set -- "./$(basename "$1")"; fi\n' +
                'exec tar -cf - --exclude ./lost+found "$1"';
            const bytes = await pipe(
                call(volume.kubectl, [...into, "--", "sh", "-c", script, "sh", mountPath + volume.path, volume.path]),
                { command: tar, args: ["-xf", "-", "-C", part, "--no-same-owner"] },
                signal,
            );
            if (existsSync(folder)) rmdirSync(folder);
            renameSync(part, folder);
            console.log(`${gibibytes(bytes)} of ${args.name}/${args.target} are in ${args.folder}.`);
        } finally {
            rmSync(part, { recursive: true, force: true });
        }
    });
}

async function load(args: MoveArgs): Promise<void> {
    const folder = resolve(args.folder);
    const entries = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
    if (entries.length === 0) throw new UserError(`${args.folder} is no folder with files in it`);
    const tar = localTar();
    const volume = await findVolume(args);
    const open = volume.running.filter(isDataService);
    if (open.length > 0)
        throw new UserError(
            `Nothing was loaded: ${names(open)} has the volume open, and would not bear files that change beside it. Stop it first:\n` +
                `  ./plinth stop ${args.session.stack} ${args.name}`,
        );
    await withVolume(args, volume, false, async (into, signal) => {
        // Entries by name: the volume's own root belongs to the driver, and tar would want to change it.
        const input = entries.map((entry) => `./${entry}\0`).join("");
        const script = 'mkdir -p "$1" && exec tar -xf - -C "$1"';
        try {
            const bytes = await pipe(
                {
                    command: tar,
                    args: ["-cf", "-", "-C", folder, "--null", "-T", "-"],
                    input,
                    // Without it macOS adds files of its own.
                    env: { COPYFILE_DISABLE: "1" },
                },
                call(volume.kubectl, [...into, "--stdin", "--", "sh", "-c", script, "sh", mountPath + volume.path]),
                signal,
            );
            console.log(`${gibibytes(bytes)} of ${args.folder} are in ${args.name}/${args.target}.`);
        } catch (error) {
            console.error("What has arrived until then stays; run it again to complete it.");
            throw error;
        }
    });
}

interface FoundVolume {
    readonly kubectl: Kubectl;
    readonly instance: AnyInstance;
    readonly claim: Claim;
    /** Within the volume: empty for all of it, else with a leading slash. */
    readonly path: string;
    readonly running: Awaited<ReturnType<typeof podsWith>>;
}

/** @throws UserError when instance, volume or path is not one that could be meant */
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
            `"${name}" has no volume ${show(volume)} in the cluster${suggest(volume, known)}; there are: ${known.join(", ") || "none"}`,
        );
    const running = await podsWith(kubectl, namespaceOf(instance), volume);
    if (running.length > 0 && claim.spec.accessModes?.includes("ReadWriteOncePod"))
        throw new UserError(
            `${names(running)} has the volume open, and only one pod may. Stop it first:\n  ./plinth stop ${session.stack} ${name}`,
        );
    return { kubectl, instance, claim, path, running };
}

/**
 * `files:/image` → the claim and the path in it, which may not lead out of it.
 *
 * @throws UserError when it does
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
        throw new UserError(`No pod of "${name}" mounts ${claim.metadata.name}: nobody says whose its files are`);
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

/** Data services are StatefulSets: they keep books of their own on what is on their volume. */
const isDataService = ({ metadata }: FoundVolume["running"][number]): boolean =>
    metadata.ownerReferences?.some(({ kind }) => kind === "StatefulSet") ?? false;

const names = (pods: FoundVolume["running"]): string => pods.map(({ metadata }) => metadata.name).join(", ");

const call = ({ command, args }: Kubectl, more: readonly string[]): Call => ({ command, args: [...args, ...more] });

function localTar(): string {
    const tar = findOnPath("tar");
    if (!tar) throw new UserError("Missing: tar\n  it comes with the system, or its package manager");
    return tar;
}

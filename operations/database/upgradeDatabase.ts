import { home } from "../../components/database/postgres";
import { majorOf, seriesOf } from "../../components/database/series";
import { podOf } from "../../components/references";
import { engines } from "../../config/database";
import { imageReference } from "../../config/fields";
import { tagOf } from "../../config/images";
import { show } from "../../config/problems";
import type { AnyInstance } from "../../config/stack";
import { namespaceOf } from "../../config/unique";
import { readyPod } from "../cluster/exec";
import { editStack } from "../render/stackEdit";
import type { Rendering } from "../render/rendering";
import type { Session } from "../session";
import { findInstances } from "../stackfile/instances";
import { confirmName } from "../system/confirm";
import { UserError } from "../system/errors";

interface Server {
    /** Key of its settings in the instance, which is the component's name, too. */
    readonly name: string;
    /** Container, and key in `images`. */
    readonly container: string;
}

/** The instance's PostgreSQL server. @throws UserError if it has none, or one that is upgraded in another way */
function serverOf({ name: instance, ...settings }: AnyInstance): Server {
    const databases = Object.entries(settings).flatMap(([name, value]) => {
        const { topology, engine } = (value ?? {}) as { topology?: string; engine?: string };
        return topology !== undefined && (engines as readonly (string | undefined)[]).includes(engine)
            ? [{ name, topology, engine: engine! }]
            : [];
    });
    const found = databases.find(({ engine, topology }) => engine === "postgres" && topology === "single");
    if (found) return { name: found.name, container: "postgres" };
    const [other] = databases;
    if (!other) throw new UserError(`Nothing was changed: ${instance} has no database.`);
    throw new UserError(
        other.topology === "external"
            ? `Nothing was changed: the database of ${instance} is outside of the cluster, where its operator upgrades it.`
            : other.topology === "operator" && other.engine === "postgres"
              ? `Nothing was changed: CloudNativePG upgrades the files itself. Make a backup, set images.cloudnativePg, and agree with ${other.name}.upgradeFrom.`
              : `Nothing was changed: ${other.engine} upgrades its files itself. Make a backup, set images.${other.engine}, and agree with ${other.name}.upgradeFrom.`,
    );
}

/** The reference that the server's container has. @throws UserError if it has no pod to render */
function imageOf({ objects }: Rendering, instance: string, { name, container }: Server): string {
    const workload = objects.find(
        ({ kind, metadata }) =>
            kind === "StatefulSet" &&
            metadata.labels?.["app.kubernetes.io/instance"] === instance &&
            metadata.labels["app.kubernetes.io/name"] === name,
    );
    if (!workload) throw new UserError(`Nothing was changed: ${instance} is not running; start it first.`);
    const { containers } = podOf(workload) as { containers: { name: string; image: string }[] };
    return containers.find((one) => one.name === container)!.image;
}

/**
 * Writes a new major version of PostgreSQL to the stack file, with which the next launch dumps the data with the
 * present image and loads them with the new one.
 *
 * @param reference the new image
 * @returns the changed lines in the format of `diff`
 * @throws ConfigError or UserError with what is wrong; the file is then unchanged
 */
export async function upgradeDatabase(
    session: Session,
    instance: string,
    reference: string,
): Promise<readonly string[]> {
    const [settings] = findInstances(session.config(), [instance]);
    const server = serverOf(settings!);
    const checked = imageReference.safeParse(reference);
    if (!checked.success)
        throw new UserError(
            `Nothing was changed: ${show(reference)} is not allowed; ${checked.error.issues[0]!.message}`,
        );
    const rendering = await session.rendering();
    const before = imageOf(rendering, instance, server);
    const [from, to] = [before, reference].map((image) => seriesOf("postgres", tagOf(image)));
    if (from === undefined || to === undefined || numberOf(to) <= numberOf(from))
        throw new UserError(
            `Nothing was changed: ${show(reference)} is ${to === undefined ? "without a version in its tag" : `of ${to}`}, and the server is of ${from}; allowed: an image of a later version, such as postgres:${numberOf(from ?? "postgres 17") + 1}`,
        );
    const { images } = rendering.outputs.instances[instance]!;
    const [image] = Object.entries(images).find(([, used]) => used === before)!;
    const edit = (path: readonly string[], value: unknown) => ({
        path: ["plinth:instances", instance, ...path],
        value,
    });
    const { diff } = await editStack(
        session.stack,
        [
            edit(["images", image], reference),
            edit([server.name, "topology"], "single"),
            edit([server.name, "engine"], "postgres"),
            edit([server.name, "upgradeFrom"], from),
            edit([server.name, "upgradeImage"], before),
        ],
        { folder: session.folder },
    );
    return diff;
}

/** What is left of an upgrade. */
export interface Discarded {
    /** Directories of the volume that were deleted. */
    readonly directories: readonly string[];
    /** The changed lines of the stack file in the format of `diff`. */
    readonly diff: readonly string[];
}

/**
 * Deletes the data of before an upgrade from the volume, once the server runs on the new ones, and the upgrade from the
 * stack file.
 *
 * @param yes the instance's name. @default the user is asked
 * @throws UserError if no server is ready, or the user does not agree; nothing is then deleted
 */
export async function discardBefore(session: Session, instance: string, yes?: string): Promise<Discarded> {
    const [settings] = findInstances(session.config(), [instance]);
    const { name, container } = serverOf(settings!);
    const kubectl = await session.kubectl();
    const pod = await readyPod(kubectl, { instance, name, namespace: namespaceOf(settings!) });
    const { namespace, name: podName } = pod.metadata;
    const shell = (script: string) =>
        kubectl.read(["exec", "--namespace", namespace, podName, "--container", container, "--", "sh", "-c", script]);
    const list = `cd ${home} && for d in */docker; do [ "$PWD/$d" = "$PGDATA" ] || [ ! -f "$d/PG_VERSION" ] || echo "$d"; done`;
    const directories = (await shell(list)).split("\n").filter((line) => /^\d+\/docker$/.test(line));
    if (directories.length > 0) {
        await confirmName(
            instance,
            `The data of ${directories.map((one) => `PostgreSQL ${one.split("/")[0]}`).join(", ")} will be deleted from the volume of ${instance}/${name}; there is no way back to it then but a backup.`,
            yes,
        );
        await shell(`cd ${home} && rm -rf ${directories.map((one) => one.split("/")[0]).join(" ")}`);
    }
    const { diff } = await editStack(
        session.stack,
        ["upgradeFrom", "upgradeImage"].map((key) => ({
            path: ["plinth:instances", instance, name, key],
            value: undefined,
        })),
        { folder: session.folder },
    );
    return { directories, diff };
}

const numberOf = (series: string): number => Number(majorOf(series));

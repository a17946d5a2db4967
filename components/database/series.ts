import type { Input, Value } from "../../config/value";
import type { Engine } from "../../config/database";
import { type Image, images, type ResolvedImage } from "../../config/images";
import type { Instance } from "../instance";
import { randomId } from "../resource";

/** Data services whose volume depends on a version. */
export type Versioned = Engine | "rabbitmq" | "mongo" | "meilisearch";

/** A change of series without consent. Printed without a stack trace, like all user errors. */
export class SeriesError extends Error {
    readonly __pulumiRunError = true;

    constructor(message: string) {
        super(message);
        this.name = "SeriesError";
    }
}

/**
 * A group of versions that can read each other's data: `mariadb 11.8`, `mysql 8.4`, `postgres 17`, `rabbitmq 4.3`,
 * `mongo 7.0`, `meilisearch 1.36`.
 *
 * @param tag of the image that runs
 * @returns undefined if the tag does not determine a series: `lts`, `latest`, `11`, a date or a commit, or no tag at
 * all
 */
export function seriesOf(engine: Versioned, tag: string): string | undefined {
    // The numbers must not be followed by letters or digits, as in a date or a commit.
    const [, major, minor] = /^v?(\d{1,2})(?:\.(\d{1,2}))?(?:$|[^\da-z]|beta|rc)/i.exec(tag) ?? [];
    if (major === undefined) return undefined;
    if (engine === "postgres") return `${engine} ${major}`;
    return minor === undefined ? undefined : `${engine} ${major}.${minor}`;
}

/** The series of data in the members of a Galera cluster, whose volumes no other servers continue with. */
export const galeraSeries = (series: string): string => `${series} galera`;

/** The series of data in volumes that belong to an operator, with which no other servers continue. */
export const operatorSeries = (series: string): string => `${series} operator`;

/** Whose volumes hold data of a series: undefined for a single or replicated server. */
const ownerOf = (series: string): string | undefined => series.split(" ")[2];

/**
 * The series of the image in use. A tag without a series may move to another at any time and is refused, because the
 * data would then be opened by a version without consent.
 *
 * @param image what the instance runs unless the user names another. @default the engine's own
 */
export function imageSeries(
    instance: Instance,
    engine: Versioned,
    { reference, tag }: ResolvedImage,
    image: Image = images[engine],
): string {
    const series = seriesOf(engine, tag);
    if (series) return series;
    const usual = image.reference.split(":").at(-1)!;
    instance.problem(
        ["images", image.name],
        `"${reference}" does not show its version, but the volume depends on one; allowed: a tag with ${engine === "postgres" ? "the major version" : "major and minor version"}, such as ${image.name}:${usual}; a digest may follow: ${image.name}:${usual}@sha256:…`,
    );
    return seriesOf(engine, usual)!;
}

/** The major version of PostgreSQL, as in the paths of its data. */
export const majorOf = (series: string): string => series.split(" ")[1]!.split(".")[0]!;

/**
 * Whether consent covers the data itself. PostgreSQL cannot open data of another major version, MongoDB only those of
 * the one before, no engine those of another engine, and none supports downgrades: there consent only means that the
 * data are dumped and loaded.
 */
export function upgradesInPlace(from: string, to: string): boolean {
    const [fromEngine, fromVersion] = from.split(" ") as [string, string];
    const [toEngine, toVersion] = to.split(" ") as [string, string];
    if (fromEngine !== toEngine || ownerOf(from) !== ownerOf(to)) return false;
    // CloudNativePG runs pg_upgrade: https://cloudnative-pg.io/docs/devel/postgres_upgrades
    if (toEngine === "postgres") return ownerOf(to) === "operator" && Number(fromVersion) < Number(toVersion);
    const [a, b] = [fromVersion, toVersion].map((version) => version.split(".").map(Number) as [number, number]) as [
        [number, number],
        [number, number],
    ];
    // https://www.mongodb.com/docs/manual/release-notes/7.0-upgrade-standalone/
    if (toEngine === "mongo") return b[0] - a[0] === 1;
    return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/**
 * Compares the series in the stack's state with the configured one.
 *
 * @throws SeriesError if they differ and `consent` does not name the one in the state
 */
export function checkSeries(path: string, known: string, wanted: string, consent: string | undefined): string {
    if (known === wanted || known === consent) return wanted;
    const engine = known.split(" ")[0]!;
    if (ownerOf(known) !== ownerOf(wanted))
        throw new SeriesError(
            `${path}.topology: the volumes of ${known} hold data, and those of ${wanted} are others, which begin empty; nothing was sent to them.\n` +
                `  To take the data along, make a backup, set ${path}.upgradeFrom to "${known}", launch, and restore the backup (docs/databases.md).\n` +
                `  To stay, go back to the former topology.`,
        );
    // A broker's messages are in transit and are lost with the queues.
    const { before, save, load } =
        engine === "rabbitmq"
            ? { before: `enable all feature flags of ${known}`, save: "let the queues run empty", load: "" }
            : { before: "make a backup", save: `dump the data with ${known}`, load: " and load the dump" };
    const isLater =
        engine === "postgres" && Number(majorOf(known)) < Number(majorOf(wanted)) && wanted.startsWith(engine);
    const way = upgradesInPlace(known, wanted)
        ? `To upgrade it, ${before} and set ${path}.upgradeFrom to "${known}".`
        : isLater
          ? `To have the data dumped and loaded, ${before} and set ${path}.upgradeFrom to "${known}" and ${path}.upgradeImage to an image of it, as ./plinth database upgrade does.`
          : `${wanted} cannot open its files: ${save}, set ${path}.upgradeFrom to "${known}", then give ${wanted} an empty volume${load}. Where ${known} was agreed to but its pod has refused to start, upgradeFrom is enough: the files are still as they were.`;
    throw new SeriesError(
        `${path}: the volume belongs to ${known}, but the image is ${wanted}; nothing was sent to it.\n` +
            `  ${way}\n  To stay, keep the engine and set images.${engine} to a tag of ${known}.`,
    );
}

/**
 * Keeps the series in the stack's state, and returns it if the configured one is the same or has consent.
 *
 * A marker stores it: without consent, it ignores changes of the configured series, so that its old value can be
 * compared; with consent, it is updated. Because an updated marker does not show the previous series, a second one has
 * the series in its name: removing it without naming it in `upgradeFrom` is refused by its protection.
 *
 * @param check returns the configured series, or throws a SeriesError
 */
export function guardedSeries(
    instance: Instance,
    name: string,
    wanted: string,
    upgradeFrom: string | undefined,
    {
        check = checkSeries,
        settingsAt = `plinth:instances.${instance.name}.${name}`,
    }: { readonly check?: typeof checkSeries; readonly settingsAt?: string | undefined } = {},
): Value<string> {
    const consent = upgradeFrom === wanted ? undefined : upgradeFrom;
    const prefix = `${instance.name}-${name}`;
    const { owner, stack } = instance;
    const parent = owner.resource;
    const marker = randomId(
        `${prefix}-series`,
        4,
        { series: wanted },
        { parent, ...(consent ? {} : { ignoreChanges: ["keepers"] }) },
    );
    const checked = marker
        .property<Keepers>("keepers")
        .map((keepers) => check(settingsAt, keepers?.["series"] ?? wanted, wanted, consent));
    const holds = (series: string, byteLength: Input<number>, protect: boolean) =>
        randomId(`${prefix}-holds-${series.replace(/[^a-z0-9]+/g, "-")}`, byteLength, undefined, { parent, protect });
    stack.plan.push(
        marker,
        // Its length is known once the series is accepted: a run without a preview that is refused leaves none behind,
        // whose protection would refuse the way back.
        holds(
            wanted,
            checked.map(() => 4),
            stack.config.protect,
        ),
        ...(consent ? [holds(consent, 4, false)] : []),
    );
    return checked;
}

type Keepers = Readonly<Record<string, string>> | undefined;

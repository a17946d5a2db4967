import { join } from "node:path";
import type { DatabaseConfig } from "../../config/database";
import type { Image, ResolvedImage } from "../../config/images";
import type { Instance } from "../instance";
import { constantFiles } from "../languages/text";
import type { ContainerArgs } from "../podArgs";
import { dataPath, home, serverUser } from "./postgres";
import { majorOf, seriesOf } from "./series";

interface Versions {
    readonly config: Pick<Extract<DatabaseConfig, { topology: "single" }>, "upgradeFrom" | "upgradeImage">;
    /** Series of the server. */
    readonly series: string;
    readonly image: ResolvedImage;
    /** Directory of the volume in which the user says that the data are. */
    readonly path: string | undefined;
}

/**
 * The image whose programs can read the data of an older major version, if the user has named one.
 *
 * Reports an image of another version or kind, and data at a place where the new ones could not be beside them.
 */
export function imageBefore(instance: Instance, name: string, versions: Versions): Image | undefined {
    const { config, series, image, path } = versions;
    if (config.upgradeImage === undefined) return undefined;
    const before: Image = { name: "postgresBefore", reference: config.upgradeImage };
    const { tag, reference } = instance.image(before);
    const found = seriesOf("postgres", tag);
    const problem = (message: string) => instance.problem([name, "upgradeImage"], message);
    if (config.upgradeFrom === undefined)
        problem(`"${reference}" is not allowed without ${name}.upgradeFrom, which names the version of the data`);
    else if (found !== config.upgradeFrom)
        problem(`"${reference}" is not of ${config.upgradeFrom}; allowed: a tag of that version`);
    else if (Number(majorOf(found)) >= Number(majorOf(series)))
        problem(`"${reference}" is not older than ${series}; allowed: an older version, since data do not go back`);
    else if (serverUser(tag) !== serverUser(image.tag))
        problem(
            `"${reference}" has its server run as another user than ${image.reference}; allowed: two images of one kind, with Alpine or without`,
        );
    else if (path !== undefined)
        problem(
            `"${reference}" is not allowed with volumes.${name}.path: the new data have no place beside those in "${path}"; dump them, and load them into an empty volume`,
        );
    else return before;
    return undefined;
}

export const upgradeScripts = () => constantFiles(join(__dirname, "scripts"), ["dump.sh", "load.sh"]);

interface UpgradeArgs {
    readonly before: Image;
    readonly after: Image;
    /** Series of the data, and of the server. */
    readonly from: string;
    readonly to: string;
    readonly claim: string;
    /** ConfigMap with the scripts. */
    readonly configMap: string;
    /** Memory limit of the server. */
    readonly memory: string;
}

/**
 * Init containers that dump the data with their own version and load them into a directory of the new one's, both on
 * the volume. The data of before stay. Afterwards, and on an empty volume, they do nothing.
 */
export function upgradeContainers({ before, after, from, to, claim, configMap, memory }: UpgradeArgs): ContainerArgs[] {
    const container = (name: string, script: string, image: Image): ContainerArgs => ({
        name,
        image,
        command: ["sh", `/etc/plinth/${script}`],
        env: { VOLUME: home, OLD: dataPath(from), NEW: dataPath(to), SERIES_BEFORE: from },
        resources: { cpu: "100m", memory },
        mounts: [
            { path: home, claim },
            { path: "/etc/plinth", configMap },
            { path: "/tmp", scratch: { size: "64Mi" } },
        ],
    });
    return [container("dump-data", "dump.sh", before), container("load-data", "load.sh", after)];
}

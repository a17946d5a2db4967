import { guardedSeries, SeriesError } from "../../components/database/series";
import type { Value } from "../../config/value";
import type { OpenedxConfig, OpenedxInstance } from "./config";
import { images } from "./images";

/** The release that the settings are written for. */
export const ownRelease = 22;

/**
 * Names of releases, by the number in the tags of the public images, which is that of Tutor.
 *
 * https://docs.openedx.org/en/latest/community/release_notes/
 */
const names: Readonly<Record<number, string>> = {
    17: "Quince",
    18: "Redwood",
    19: "Sumac",
    20: "Teak",
    21: "Ulmo",
    22: "Verawood",
};

/**
 * The release of an image: `22.0.3-1`, `22`, `verawood.1`, `release-verawood`.
 *
 * @returns undefined if the tag does not tell: a date, a commit, `latest`, none at all
 */
export function releaseOf(tag: string): number | undefined {
    const [, number] = /^v?(\d{2})(?:$|[^\da-z])/i.exec(tag) ?? [];
    if (number !== undefined) return Number(number);
    const words = tag.toLowerCase().split(/[^a-z]+/);
    const named = Object.entries(names).find(([, name]) => words.includes(name.toLowerCase()));
    return named && Number(named[0]);
}

/** As in messages: `22 (Verawood)`. */
const shown = (release: number): string => (names[release] ? `${release} (${names[release]})` : String(release));

/** As in the stack's state, and in `upgradeFrom`. */
const seriesOf = (release: number): string => `openedx ${release}`;

/**
 * The release whose images an instance runs; the one that the settings are written for if the images do not tell.
 *
 * Micro-frontends ask the LMS for what only its own release answers, so images of two releases are refused.
 */
export function imagesRelease(instance: OpenedxInstance): number {
    const image = instance.image(images.openedx);
    const release = releaseOf(image.tag);
    if (release === undefined) {
        instance.problem(
            ["images", "openedx"],
            `"${image.reference}" does not show its release, but the data depend on it; allowed: a tag that begins with the release's number or contains its name, such as ${ownRelease}.0.3-1`,
        );
        return ownRelease;
    }
    const mfe = instance.image(images.mfe);
    const other = releaseOf(mfe.tag);
    if (other !== undefined && other !== release)
        instance.problem(
            ["images", "mfe"],
            `"${mfe.reference}" is of ${shown(other)}, but images.openedx is of ${shown(release)}, and they only work together; allowed: a tag of ${release}`,
        );
    if (release !== ownRelease)
        instance.warn(`the settings are written for ${shown(ownRelease)}, and ${shown(release)} has not been tried`);
    return release;
}

/**
 * Compares the release in the stack's state with that of the images. MySQL's tables tell nothing of it to a pod that has
 * not loaded the whole application.
 *
 * @param path of the instance in the stack's file
 * @param consent the release in `upgradeFrom`, as in the state
 * @throws SeriesError if they differ without consent, or by more than one release forwards
 */
export function checkRelease(path: string, known: string, wanted: string, consent: string | undefined): string {
    if (known === wanted) return wanted;
    const [from, to] = [known, wanted].map((series) => Number(series.split(" ")[1])) as [number, number];
    const refuse = (...lines: readonly string[]) =>
        new SeriesError(
            [
                `${path}.images.openedx: the data are those of release ${shown(from)}, but the image is of ${shown(to)}; nothing was changed.`,
                ...lines,
                `To stay, set images.openedx and images.mfe to tags of ${from}.`,
            ].join("\n  "),
        );
    if (to > from + 1) throw refuse(`Open edX is ${releaseByRelease(from)}.`);
    if (known === consent) return wanted;
    if (to < from)
        throw refuse(
            `Migrations are not undone. Restore a backup that was made with ${to}, then set ${path}.upgradeFrom to "${known}". Where the Task migrate of ${from} has never begun, upgradeFrom is enough.`,
        );
    throw refuse(
        `To upgrade: 1. let the queues run empty; 2. make a backup; 3. check that MySQL and MongoDB have the versions of ${to}; 4. set ${path}.upgradeFrom to "${known}", and images.mfe to a tag of ${to}; 5. launch. The old release serves until the Task migrate is done. docs/openedx.md has the details.`,
    );
}

const releaseByRelease = (from: number): string =>
    `upgraded release by release; allowed: ${from}, or ${from + 1} with upgradeFrom: ${seriesOf(from)}`;

/** The release of the images, which is an error for whoever uses it where the data are those of another without consent. */
export function checkedRelease(
    instance: OpenedxInstance,
    { upgradeFrom }: Pick<OpenedxConfig, "upgradeFrom">,
): Value<string> {
    const release = imagesRelease(instance);
    // With consent, the state is overwritten before it could be compared, and the consent must be right for itself.
    const from = upgradeFrom === undefined ? release : Number(upgradeFrom.split(" ")[1]);
    if (release > from + 1)
        instance.problem(
            ["upgradeFrom"],
            `"${upgradeFrom}" does not lead to the images' ${shown(release)}: Open edX is ${releaseByRelease(from)}`,
        );
    return guardedSeries(instance, "release", seriesOf(release), upgradeFrom, {
        check: (_, ...compared) => checkRelease(instance.path(), ...compared),
    });
}

import { podOf } from "../../components/references";
import { imageReference } from "../../config/fields";
import { show, suggest } from "../../config/problems";
import { UserError } from "../system/errors";
import { findInstances } from "../stackfile/instances";
import type { Rendering } from "../render/rendering";
import type { Session } from "../session";
import { editStack } from "../render/stackEdit";

/** What was set, and what is left to do until pods run it. */
export interface SetImages {
    /** The changed lines in the format of `diff`; empty if the file already contains them. */
    readonly diff: readonly string[];
    /** The tiers whose pods run the images that were set. */
    readonly tiers: readonly Tier[];
}

interface Tier {
    readonly component: string;
    /** Whether every start of a pod pulls the image. */
    readonly pulls: boolean;
}

/**
 * Writes images of an instance to the stack file, if the whole stack is valid with them.
 *
 * @param choices `NAME=REFERENCE`; the name of an image, or of a tier for the image of its main container
 * @throws ConfigError or UserError with what is wrong; the file is then unchanged
 */
export async function setImages(session: Session, instance: string, choices: readonly string[]): Promise<SetImages> {
    findInstances(session.config(), [instance]);
    const before = await session.rendering();
    const wanted = new Map(choices.map((choice) => parseChoice(choice, before, instance)));
    if (wanted.size < choices.length)
        throw new UserError(`Nothing was changed: two of ${choices.join(" ")} set the same image.`);
    const { diff, rendering } = await editStack(
        session.stack,
        [...wanted].map(([name, value]) => ({ path: ["plinth:instances", instance, "images", name], value })),
        { folder: session.folder },
    );
    const references = [...wanted.values()];
    const tiers = tiersOf(rendering!, instance).flatMap(({ component, containers }) => {
        const named = containers.filter(({ image }) => references.includes(image));
        const pulls = named.every(({ imagePullPolicy }) => imagePullPolicy === "Always");
        return named.length > 0 ? [{ component, pulls }] : [];
    });
    return { diff, tiers };
}

/** @throws UserError if it is malformed, or no image or tier has that name */
function parseChoice(choice: string, rendering: Rendering, instance: string): [name: string, reference: string] {
    const [, name, reference] = /^([^=]+)=(.*)$/.exec(choice) ?? [];
    if (name === undefined || reference === undefined)
        throw new UserError(
            `Nothing was changed: ${show(choice)} is not allowed; allowed: NAME=REFERENCE, such as web=registry.example.org/web:2.1`,
        );
    const checked = imageReference.safeParse(reference);
    if (!checked.success)
        throw new UserError(
            `Nothing was changed: ${name}=${show(reference)} is not allowed; ${checked.error.issues[0]!.message}`,
        );
    const { images } = rendering.outputs.instances[instance]!;
    if (Object.hasOwn(images, name)) return [name, reference];
    const tiers = tiersOf(rendering, instance);
    const main = tiers.find(({ component }) => component === name)?.containers[0]?.image;
    const found = Object.keys(images).filter((image) => images[image] === main);
    if (found.length === 1) return [found[0]!, reference];
    const known = [...Object.keys(images), ...tiers.map(({ component }) => component)].sort();
    throw new UserError(
        `Nothing was changed: "${instance}" has no image ${show(name)}${suggest(name, known)}; allowed: ${[...new Set(known)].join(", ")}`,
    );
}

interface Container {
    readonly image: string;
    readonly imagePullPolicy: string;
}

/** The tiers of an instance with their containers, main container first; a stopped instance has none. */
const tiersOf = ({ objects }: Rendering, instance: string): { component: string; containers: Container[] }[] =>
    objects
        .filter(
            ({ kind, metadata }) =>
                ["Deployment", "StatefulSet"].includes(kind) &&
                metadata.labels?.["app.kubernetes.io/instance"] === instance,
        )
        .map((object) => {
            const { containers, initContainers = [] } = podOf(object) as Record<
                "containers" | "initContainers",
                Container[]
            >;
            return {
                component: object.metadata.labels!["app.kubernetes.io/name"]!,
                containers: [...containers, ...initContainers],
            };
        });

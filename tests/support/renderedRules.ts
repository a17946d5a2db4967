import type { PlainResource } from "../../operations/render/plainPlan";
import { type RenderArgs, type Rendering, renderStack } from "../../operations/render/rendering";
import type { Sent } from "./declare";
import { brokenRules, type Expectations } from "./invariants";

/** Rules for every stack with any platforms, in addition to those of its objects: each violation as a sentence. */

/** A resource by its type and name. */
export const identity = ({ type, name }: PlainResource): string => `${type}::${name}`;

export const sent = ({ objects }: Rendering): readonly Sent[] => objects as unknown as Sent[];

/** Objects that a provider other than the stack's own would create. */
export const withOtherProviders = ({ resources }: Rendering): string[] =>
    resources
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .filter(({ provider }) => !provider.includes("pulumi:providers:kubernetes::cluster"))
        .map((resource) => `${identity(resource)} is not created with the stack's own provider`);

/** Resources that are registered twice. */
export const registeredTwice = ({ resources }: Rendering): string[] => {
    const urns = resources.map(({ urn }) => urn);
    return urns.filter((urn, index) => urns.indexOf(urn) !== index).map((urn) => `${urn} is registered twice`);
};

/** Secrets that are not in a Secret, or in one that does not hide them. */
export const secretsInClear = ({ resources }: Rendering): string[] =>
    resources.flatMap(({ type, name, inputs, secrets }) => {
        // The shared balancer's Secret of certificates is empty if there are none.
        const holds = type === "kubernetes:core/v1:Secret" && "stringData" in inputs;
        const isRight = holds ? secrets.includes("stringData") : !JSON.stringify(inputs).includes("placeholder-");
        return isRight ? [] : [`${type} ${name} holds a secret in clear`];
    });

/** Differences in a preview, in which no values of the cluster are known. */
export async function otherInPreview(stack: string, args: RenderArgs): Promise<string[]> {
    const [now, preview] = await Promise.all(
        [false, true].map(async (isPreview) =>
            (await renderStack(stack, { ...args, preview: isPreview })).resources.map(identity),
        ),
    );
    return [
        ...now!.filter((one) => !preview!.includes(one)).map((one) => `${one} is not in a preview`),
        ...preview!.filter((one) => !now!.includes(one)).map((one) => `${one} is in a preview only`),
    ];
}

/** All rules above, and those of each object. */
export async function brokenBy(stack: string, args: RenderArgs & Expectations = {}): Promise<string[]> {
    const { existing, ...options } = args;
    const rendering = await renderStack(stack, options);
    return [
        ...brokenRules(sent(rendering), existing ? { existing } : {}),
        ...withOtherProviders(rendering),
        ...registeredTwice(rendering),
        ...secretsInClear(rendering),
        ...(await otherInPreview(stack, options)),
    ];
}

import type { PlainResource } from "../../operations/render/plainPlan";
import { type Graph, nodeId } from "../../components/graph";
import { plinthLabels } from "../../components/labels";
import { referencesOf } from "../../components/references";
import { type RenderArgs, type Rendering, renderStack } from "../../operations/render/rendering";
import { readStackFile } from "../../operations/stackfile/stackFile";
import { declareProgram } from "../../platforms/program";
import type { Sent } from "./declare";
import { brokenRules, type Expectations, podsOf } from "./invariants";

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

/** Pods with a component's Secret that do not use that component: the policies leave the way to it closed. */
export function secretsWithoutUse({ graph }: { readonly graph: Graph }, objects: readonly Sent[]): string[] {
    const component = "app.kubernetes.io/name";
    // A replicated database has its Secrets with one member, and its users connect to whichever takes writes.
    const databases = new Map(
        podsOf(objects).flatMap(({ owner, template: { metadata: { labels = {} } = {} } }) =>
            labels[component] === undefined || labels[plinthLabels.database] === undefined
                ? []
                : [
                      [labels[component], labels[plinthLabels.database]].map((name) =>
                          nodeId(owner.metadata.namespace!, name!),
                      ) as [string, string],
                  ],
        ),
    );
    const server = (id: string) => databases.get(id) ?? id;
    const behindPooler = (id: string) => {
        const node = graph.node(id);
        return node?.kind === "connection pooler" ? node.uses.flatMap(({ to }) => to.nodes) : [];
    };
    const owners = new Map(
        objects
            .filter(({ kind, metadata }) => kind === "Secret" && metadata.labels?.[component] !== undefined)
            .map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.labels[component]!]),
    );
    return podsOf(objects).flatMap(({ owner: { kind, metadata }, template }) => {
        const namespace = metadata.namespace!;
        const node = graph.node(nodeId(namespace, template.metadata?.labels?.[component] ?? ""));
        const used = new Set(
            node?.uses.flatMap(({ to }) => to.nodes.flatMap((id) => [id, ...behindPooler(id)]).map(server)),
        );
        return [...referencesOf(template.spec).secrets].flatMap((secret) => {
            const owner = owners.get(`${namespace}/${secret}`);
            const isRight = owner === undefined || owner === node?.name || used.has(server(nodeId(namespace, owner)));
            return isRight
                ? []
                : [
                      `${kind} ${namespace}/${metadata.name} has Secret ${secret} of "${owner}", which none of its containers uses; ` +
                          `add ${owner}.service.bind() to \`uses\` of the one that connects to it`,
                  ];
        });
    });
}

/** What a preview, where nothing of the cluster is known, declares otherwise. */
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
    const { platforms, folder } = options;
    const given = readStackFile(stack, folder);
    const declared = declareProgram(
        { ...given, config: { ...given.config, ...options.config } },
        { offline: true, ...(platforms ? { platforms } : {}) },
    );
    return [
        ...secretsWithoutUse(declared.stack, sent(rendering)),
        ...brokenRules(sent(rendering), existing ? { existing } : {}),
        ...withOtherProviders(rendering),
        ...registeredTwice(rendering),
        ...secretsInClear(rendering),
        ...(await otherInPreview(stack, options)),
    ];
}

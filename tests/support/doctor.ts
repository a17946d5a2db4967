import { expect } from "chai";
import type { Finding, Level } from "../../operations/doctor/finding";
import type { Node } from "../../operations/cluster/live";
import type { RenderedObject } from "../../operations/render/rendering";

/** Checks level and text of a finding; problems must come with a remedy. */
export function expectFinding(finding: Finding, level: Level, ...words: readonly string[]): void {
    expect(finding.level, finding.text).to.equal(level);
    for (const word of words) expect(`${finding.text}\n${finding.remedy ?? ""}`).to.include(word);
    expect(finding.remedy !== undefined, "a remedy").to.equal(level === "warning" || level === "problem");
}

/** An object in the namespace of a shop. */
export const object = (kind: string, name: string, spec: object, apiVersion = "v1"): RenderedObject => ({
    apiVersion,
    kind,
    metadata: { name, namespace: "shop" },
    spec,
});

/** What a stack of these objects alone renders to. */
export const rendering = (...objects: readonly RenderedObject[]) => ({
    objects,
    project: "plinth",
    stack: "production",
});

/** Deviations from the defaults. */
export interface NodeArgs {
    readonly providerID?: string;
    readonly kubeletVersion?: string;
    readonly labels?: Record<string, string>;
    readonly architecture?: string;
    readonly taint?: string;
    readonly ready?: boolean;
    /** Of the node's disk, for pods. @default "200Gi"; `""`: unknown */
    readonly disk?: string;
}

/** A ready node, with its resources for pods. */
export const node = (name: string, cpu: string, memory: string, args: NodeArgs = {}): Node => ({
    metadata: { name, labels: args.labels ?? {} },
    spec: {
        ...(args.providerID ? { providerID: args.providerID } : {}),
        ...(args.taint ? { taints: [{ key: "role", effect: args.taint }] } : {}),
    },
    status: {
        allocatable: { cpu, memory, ...(args.disk === "" ? {} : { "ephemeral-storage": args.disk ?? "200Gi" }) },
        conditions: [{ type: "Ready", status: args.ready === false ? "False" : "True" }],
        nodeInfo: { architecture: args.architecture ?? "amd64", kubeletVersion: args.kubeletVersion ?? "v1.36.3" },
    },
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { stringify } from "yaml";
import { PlainPlan } from "../../operations/render/plainPlan";
import { readStackFile } from "../../operations/stackfile/stackFile";
import type { Platform, Platforms } from "../../platforms/platform";
import { declareProgram } from "../../platforms/program";
import type { Keys } from "./arbitraries";
import { type Configuration, configurationsOf } from "./configurations";
import { objectsOf } from "./declare";
import { brokenRules } from "./invariants";
import { secretsWithoutUse } from "./renderedRules";
import { addressesOf, canReach, canReachAddress } from "./policies";

/** Metadata services of clouds. */
const metadata = ["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "fe80::1"];

export interface CheckAnyArgs {
    /** Keys that mean more than their form says, or belong together. @default instances are derived from the schema */
    readonly more?: fc.Arbitrary<Keys>;
    /** @default 20 */
    readonly runs?: number;
    /** A fixed one, so that a failure is caused by the change under test. @default 1 */
    readonly seed?: number;
}

/** Checks random, valid configurations of one platform: see {@link checkConfigurations}. */
export const checkAny = (platform: Platform, { more, ...options }: CheckAnyArgs = {}): void => {
    const { name } = platform.config;
    const platforms = { [name]: platform };
    checkConfigurations(configurationsOf(platforms, more ? { [name]: more } : {}), { ...options, platforms });
};

/**
 * Declares random configurations. Each must keep every rule, and its policies must open the edges and nothing else.
 *
 * @throws AssertionError with the smallest configuration that breaks one
 */
export function checkConfigurations(
    configurations: fc.Arbitrary<Configuration>,
    { runs = 20, seed = 1, platforms }: Omit<CheckAnyArgs, "more"> & { readonly platforms?: Platforms } = {},
): void {
    const folder = mkdtempSync(join(tmpdir(), "plinth-property-"));
    try {
        fc.assert(
            fc.property(configurations, (configuration) => checkOne(configuration, folder, platforms)),
            { numRuns: runs, seed },
        );
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function checkOne({ config, networkPolicy, ranges }: Configuration, folder: string, platforms?: Platforms): void {
    writeFileSync(join(folder, "Pulumi.any.yaml"), stringify({ config }));
    const given = readStackFile("any", folder);
    const { plan, stack } = declareProgram(given, { offline: true, ...(platforms ? { platforms } : {}) });
    const objects = objectsOf(new PlainPlan(plan, given).resources);
    expect(brokenRules(objects, { existing: ["existing"] })).to.deep.equal([]);
    expect(secretsWithoutUse(stack, objects)).to.deep.equal([]);

    const { nodes } = stack.graph;
    const pods = addressesOf(objects);
    const offered = nodes.flatMap(({ uses }) => uses.flatMap(({ to }) => Object.values(to.ports)));
    const ports = new Set([80, 443, 3306, 5432, 5672, 6379, 8000, 8080, 8081, 8443, 9000, 9001, 15672, ...offered]);
    const closed = [...metadata, ...(ranges.length > 0 ? ["10.96.0.1", "10.110.7.7", "fd00:10::1"] : [])];
    for (const from of networkPolicy === "full" ? pods : [])
        for (const address of closed)
            for (const port of [80, 443, 8443])
                expect(
                    canReachAddress(objects, from, address, port),
                    `${from.component} → ${address}:${port}`,
                ).to.equal(false);
    for (const to of pods) {
        for (const from of pods) {
            const node = nodes.find((one) => one.namespace === from.namespace && one.name === from.component)!;
            const wanted = node.uses
                .filter((use) => use.to.nodes.includes(`${to.namespace}/${to.component}`))
                .flatMap((use) => (use.ports ?? Object.keys(use.to.ports)).map((name) => use.to.ports[name]));
            // A network rule without ranges or namespace admits everyone: the clients of an edge.
            const needs = nodes.find(
                (one) => one.namespace === to.namespace && one.name === to.component,
            )!.networkRules;
            const public_ = needs.filter((need) => need.direction === "ingress").flatMap((need) => need.ports);
            for (const port of ports) {
                if (public_.includes(port)) continue;
                expect(canReach(objects, from, to, port), `${from.component} → ${to.component}:${port}`).to.equal(
                    wanted.includes(port),
                );
            }
        }
    }
}

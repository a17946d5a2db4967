import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { stringify } from "yaml";
import { PlainPlan } from "../operations/render/plainPlan";
import { readStackFile } from "../operations/stackfile/stackFile";
import { declareProgram } from "../platforms/program";
import { instancesOf } from "./support/arbitraries";
import { configurations } from "./support/configurations";
import { objectsOf } from "./support/declare";
import { brokenRules } from "./support/invariants";
import { platforms as withStorage } from "./support/storagePlatform";
import { addressesOf, canReach, canReachAddress } from "./support/policies";

/** Where clouds tell machines about themselves. */
const metadata = ["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "fe80::1"];

describe("any valid configuration", () => {
    it("of a platform that says no more is drawn by the form of its schema", () => {
        const drawn = fc.sample(instancesOf(withStorage["storage"]!.config, {}), { numRuns: 50, seed: 1 });
        const storages = drawn.flatMap(({ objectStorage }) => (objectStorage as object | undefined) ?? []);
        for (const seen of [
            { topology: "single", engine: "minio" },
            { topology: "single", engine: "seaweedfs" },
            { topology: "external", manageBuckets: false },
        ])
            expect(
                storages.some((one) => isDeepStrictEqual({ ...one, ...seen }, one)),
                JSON.stringify(seen),
            ).to.equal(true);
    });
    it("keeps every rule, and its policies open the edges and nothing else", function () {
        this.timeout(240_000);
        const folder = mkdtempSync(join(tmpdir(), "plinth-property-"));
        try {
            fc.assert(
                fc.property(configurations, ({ config, networkPolicy, ranges }) => {
                    writeFileSync(join(folder, "Pulumi.any.yaml"), stringify({ config }));
                    const given = readStackFile("any", folder);
                    const { plan, stack } = declareProgram(given, { offline: true });
                    const objects = objectsOf(new PlainPlan(plan, given).resources);
                    expect(brokenRules(objects, { existing: ["existing"] })).to.deep.equal([]);

                    const { nodes } = stack.graph;
                    const pods = addressesOf(objects);
                    const closed = [
                        ...metadata,
                        ...(ranges.length > 0 ? ["10.96.0.1", "10.110.7.7", "fd00:10::1"] : []),
                    ];
                    for (const from of networkPolicy === "full" ? pods : [])
                        for (const address of closed)
                            for (const port of [80, 443, 8443])
                                expect(
                                    canReachAddress(objects, from, address, port),
                                    `${from.component} → ${address}:${port}`,
                                ).to.equal(false);
                    for (const to of pods) {
                        const ports = [80, 443, 3306, 5432, 5672, 6379, 8000, 8080, 8081, 8443, 9000, 9001, 15672];
                        for (const from of pods) {
                            const node = nodes.find(
                                (one) => one.namespace === from.namespace && one.name === from.component,
                            )!;
                            const wanted = node.uses
                                .filter((use) => use.to.nodes.includes(`${to.namespace}/${to.component}`))
                                .flatMap((use) =>
                                    (use.ports ?? Object.keys(use.to.ports)).map((name) => use.to.ports[name]),
                                );
                            // A need without ranges or namespace admits everyone: the clients of an edge.
                            const needs = nodes.find(
                                (one) => one.namespace === to.namespace && one.name === to.component,
                            )!.networkRules;
                            const public_ = needs
                                .filter((need) => need.direction === "ingress")
                                .flatMap((need) => need.ports);
                            for (const port of ports) {
                                if (public_.includes(port)) continue;
                                expect(
                                    canReach(objects, from, to, port),
                                    `${from.component} → ${to.component}:${port}`,
                                ).to.equal(wanted.includes(port));
                            }
                        }
                    }
                }),
                // A fixed seed: a failure belongs to the change that brought it. Another one finds more, by hand.
                {
                    numRuns: Number(process.env["PROPERTY_RUNS"] ?? 20),
                    seed: Number(process.env["PROPERTY_SEED"] ?? 1),
                },
            );
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});

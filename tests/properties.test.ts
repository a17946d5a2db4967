import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { checkConfigurations } from "./support/anyConfiguration";
import { instancesOf } from "./support/arbitraries";
import { configurations } from "./support/configurations";
import { platforms as withStorage } from "./support/storagePlatform";

describe("any valid configuration", () => {
    it("of a platform without generators is derived from its schema", () => {
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
        // Other seeds can be tried manually.
        const { PROPERTY_RUNS = 20, PROPERTY_SEED = 1 } = process.env;
        checkConfigurations(configurations, { runs: Number(PROPERTY_RUNS), seed: Number(PROPERTY_SEED) });
    });
});

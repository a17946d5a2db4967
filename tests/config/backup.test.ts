import { expect } from "chai";
import { loadStack } from "../../config/load";
import { ConfigError } from "../../config/problems";
import { platforms } from "../../platforms";

describe("the folders of backups in object storage", () => {
    const s3 = (more: object = {}) => ({ backup: { target: { type: "s3", bucket: "backups", ...more } } });
    const problemsOf = (instances: Record<string, object>, defaults: object = {}): string[] => {
        const shops = Object.entries(instances).map(([name, own]) => [
            name,
            { platform: "opencart", host: `${name}.example.org`, ...own },
        ]);
        const values = { cluster: { context: "x" }, defaults, instances: Object.fromEntries(shops) as object };
        try {
            loadStack(
                { project: "plinth", stack: "staging", values, encrypted: [] },
                Object.values(platforms).map((platform) => platform.config),
            );
            return [];
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            return error.problems.map(({ path, message }) => `${path}: ${message}`);
        }
    };

    it("are separate for each instance by default, also in other buckets and servers", () => {
        expect(problemsOf({ a: {}, b: {} }, s3())).to.deep.equal([]);
        const apart = { a: s3({ prefix: "x" }), b: s3({ prefix: "x", bucket: "others" }), c: s3({ prefix: "x/y" }) };
        expect(problemsOf({ ...apart, d: s3({ prefix: "x", region: "eu-west-1" }) })).to.deep.equal([]);
    });
    it("are refused for two instances, even if one is removed, or the folder is another's default", () => {
        const endpoint = "https://S3.us-east-1.amazonaws.com:443";
        const found = problemsOf({
            a: s3({ prefix: "x" }),
            b: { ...s3({ prefix: "x", endpoint }), state: "removed" },
            c: s3(),
            d: s3({ prefix: "plinth/staging/opencart-c" }),
        });
        const message = (prefix: string, other: string) =>
            `"${prefix}" of the bucket "backups" at https://s3.us-east-1.amazonaws.com is already the folder of plinth:instances.${other}, ` +
            "and each would delete the other's backups; remove prefix, or set a different one for each instance";
        expect(found).to.deep.equal([
            `plinth:instances.b.backup.target.prefix: ${message("x", "a")}`,
            `plinth:instances.d.backup.target.prefix: ${message("plinth/staging/opencart-c", "c")}`,
        ]);
    });
});

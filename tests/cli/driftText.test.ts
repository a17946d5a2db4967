import { expect } from "chai";
import { driftIn, driftText, type PreviewDigest } from "../../cli/driftText";

describe("the text of drift", () => {
    const step = (op: string, type: string, name: string, more: object = {}) => ({
        op,
        urn: `urn:pulumi:dev::plinth::plinth:components:WebTier$${type}::shop-${name}`,
        newState: { inputs: { metadata: { name, namespace: "shop" } } },
        ...more,
    });
    const deployment = "kubernetes:apps/v1:Deployment";
    const digest: PreviewDigest = {
        steps: [
            step("refresh", deployment, "frontend"),
            step("same", deployment, "admin"),
            step("update", "pulumi:providers:kubernetes", "cluster"),
            step("create", "kubernetes:core/v1:Service", "cache", { detailedDiff: null }),
            step("update", deployment, "frontend", {
                detailedDiff: { "spec.replicas": {}, 'spec.template.metadata.labels["a.b/c"]': {} },
                oldState: { inputs: { spec: { replicas: 5, template: { metadata: { labels: { "a.b/c": "x" } } } } } },
                newState: { inputs: { metadata: { name: "frontend", namespace: "shop" }, spec: { replicas: 2 } } },
            }),
            step("update", "kubernetes:core/v1:Secret", "database", {
                detailedDiff: { "stringData.password": {} },
                oldState: { inputs: { stringData: { password: "old-password" } } },
                newState: {
                    inputs: { metadata: { name: "database", namespace: "shop" }, stringData: { password: "new" } },
                },
            }),
        ],
    };
    it("lists what a run would do to objects in the cluster", () => {
        expect(driftIn(digest).map(({ kind, name, what }) => `${kind} ${name} ${what}`)).to.deep.equal([
            "Deployment frontend changed",
            "Secret database changed",
            "Service cache missing",
        ]);
        expect(driftIn({})).to.deep.equal([]);
    });
    it("shows both values, but never those of a Secret", () => {
        const text = driftText("dev", driftIn(digest));
        expect(text)
            .to.include("3 objects in the cluster differ from")
            .and.to.include("  Service shop/cache is not in the cluster\n")
            .and.to.include("    spec.replicas: 5, should be 2\n")
            .and.to.include('    spec.template.metadata.labels["a.b/c"]: x, should not be set\n')
            .and.to.include("    stringData.password\n");
        expect(JSON.stringify(driftIn(digest)) + text).not.to.match(/old-password|"new"/);
    });
    it("says so if there is none", () => expect(driftText("dev", [])).to.equal('No drift: the cluster matches "dev".'));
});

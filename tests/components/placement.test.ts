import { expect } from "chai";
import { z } from "zod";
import { placementSpec } from "../../components/placement";
import { placementFields } from "../../config/placement";
import { podsOf } from "../support/invariants";
import { find, problemsOf, type Sent } from "../support/declare";
import { declareOpenCart } from "../support/opencart";

const backup = { target: { type: "volume" } };

describe("placement", () => {
    const settings = {
        nodeSelector: { pool: "shops" },
        tolerations: [{ key: "pool", operator: "Exists" }],
        priorityClassName: "shops",
        runtimeClassName: "gvisor",
        podAnnotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" },
        podLabels: { team: "web" },
        serviceAccount: { name: "shop", annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop" } },
    };

    for (const [level, declare] of Object.entries({
        "an instance": () => declareOpenCart({ instance: { ...settings, backup } }),
        "the stack": () => declareOpenCart({ instance: { backup }, values: settings }),
        "plinth:defaults": () => declareOpenCart({ instance: { backup }, values: { defaults: settings } }),
    }))
        it(`of ${level} is on every pod, Tasks and backups included`, async () => {
            const objects = await declare();
            const pods = podsOf(objects);
            const kinds = new Set(pods.map(({ owner }) => owner.kind));
            expect([...kinds]).to.include.members(["Deployment", "StatefulSet", "Job", "CronJob"]);
            for (const { owner, template } of pods) {
                expect(template.spec, owner.metadata.name).to.deep.include({
                    nodeSelector: { pool: "shops" },
                    tolerations: [{ key: "pool", operator: "Exists" }],
                    priorityClassName: "shops",
                    runtimeClassName: "gvisor",
                    serviceAccountName: "shop",
                    automountServiceAccountToken: false,
                });
                expect((template.metadata as Sent["metadata"]).annotations).to.include(settings.podAnnotations);
                expect(template.metadata!.labels).to.include({ team: "web" });
            }
            expect(find(objects, "ServiceAccount", "shop").metadata.annotations).to.include(
                settings.serviceAccount.annotations,
            );
            // They are of pods only.
            expect(find(objects, "Service", "edge").metadata.annotations ?? {}).not.to.have.any.keys(
                ...Object.keys(settings.podAnnotations),
            );
        });

    it("of a component counts before the instance's, and that before the stack's", async () => {
        const objects = await declareOpenCart({
            instance: {
                nodeSelector: { pool: "shops" },
                priorityClassName: "shops",
                components: {
                    database: { nodeSelector: { disk: "fast" }, tolerations: [{ key: "db", value: "yes" }] },
                    frontend: { nodeSelector: { pool: "web" }, priorityClassName: "web" },
                },
            },
            values: { nodeSelector: { zone: "a", pool: "any" }, tolerations: [{ operator: "Exists" }] },
        });
        const specOf = (kind: string, name: string) => find(objects, kind, name)["spec"].template.spec;
        expect(specOf("StatefulSet", "database")).to.deep.include({
            nodeSelector: { zone: "a", pool: "shops", disk: "fast" },
            tolerations: [{ operator: "Exists" }, { key: "db", operator: "Equal", value: "yes" }],
            priorityClassName: "shops",
        });
        expect(specOf("Deployment", "frontend")).to.deep.include({
            nodeSelector: { zone: "a", pool: "web" },
            priorityClassName: "web",
        });
    });

    it("does not part pods that share files on one node, and spreads others as wanted", async () => {
        const nodeAffinity = {
            requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: "gpu", operator: "DoesNotExist" }] }],
            },
        };
        const objects = await declareOpenCart({
            instance: { sharedFiles: "oneNode", affinity: { nodeAffinity } },
            values: { topologySpread: [{ topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" }] },
        });
        const shared = find(objects, "Deployment", "frontend")["spec"].template.spec.affinity;
        expect(shared.nodeAffinity).to.deep.equal(nodeAffinity);
        expect(shared.podAffinity.requiredDuringSchedulingIgnoredDuringExecution).to.have.length(1);
        const large = await declareOpenCart({
            instance: { size: "large", topologySpread: [{ topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" }] },
            values: { cluster: { sharedStorageClass: "nfs" } },
        });
        const { topologySpreadConstraints } = find(large, "Deployment", "frontend")["spec"].template.spec;
        expect(topologySpreadConstraints).to.deep.equal([
            {
                topologyKey: "rack",
                maxSkew: 1,
                whenUnsatisfiable: "DoNotSchedule",
                labelSelector: {
                    matchLabels: { "app.kubernetes.io/instance": "shop", "app.kubernetes.io/name": "frontend" },
                },
            },
        ]);
    });

    it("adds nothing to what the user and a component say of nodes and of other pods", () => {
        const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [] };
        const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [] };
        const users = z.object(placementFields).parse({ affinity: { podAntiAffinity } });
        expect(placementSpec(users, { affinity: { nodeAffinity } })).to.deep.equal({
            affinity: { nodeAffinity, podAntiAffinity },
        });
    });

    it("names an account that exists without making it", async () => {
        const objects = await declareOpenCart({ instance: { serviceAccount: "given" } });
        expect(find(objects, "Deployment", "frontend")["spec"].template.spec.serviceAccountName).to.equal("given");
        expect(objects.map(({ kind }) => kind)).not.to.include("ServiceAccount");
    });

    for (const [instance, message] of [
        [{ components: { fronted: {} } }, /shop\.components\.fronted: matches nothing; did you mean "frontend"/],
        [{ tolerations: [{ key: "a" }] }, /shop\.tolerations\.0: .*allowed: a key and its value, or operator: Exists/],
        [{ affinity: { nodeAffinity: { required: [] } } }, /shop\.affinity\.nodeAffinity\.required: /],
        [{ podLabels: { "app.kubernetes.io/name": "x" } }, /shop\.podLabels.*allowed: any label except/],
        [{ nodeSelector: { pool: "a b" } }, /shop\.nodeSelector\.pool: "a b"/],
        [{ serviceAccount: { annotations: {} } }, /shop\.serviceAccount.*allowed: the name of an account/],
    ] as const)
        it(`refuses ${JSON.stringify(instance)}`, async () =>
            expect(await problemsOf(declareOpenCart({ instance }))).to.match(message));
});

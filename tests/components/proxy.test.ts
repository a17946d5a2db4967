import { expect } from "chai";
import { proxyEnvironment } from "../../config/network";
import { declare, problemsOf } from "../support/declare";
import { podsOf } from "../support/invariants";
import { declareOpenCart } from "../support/opencart";
import { addressesOf, canReachAddress } from "../support/policies";

const proxy = { http: "http://10.1.2.3:3128", https: "http://10.1.2.3:3128", noProxy: [".corp.example"] };
const cluster = { context: "kind-dev", proxy };

describe("the cluster's proxy", () => {
    it("is in the environment of all pods that go out, with the way to it, and of no others", async () => {
        const objects = await declareOpenCart({
            instance: {
                tls: { mode: "acme", email: "ops@example.org" },
                backup: { target: { type: "s3", bucket: "backups" } },
                sharedFiles: "oneNode",
            },
            values: { cluster, secrets: { shop: { backupAccessKey: "a", backupSecretKey: "b" } } },
        });
        const pods = addressesOf(objects);
        const informed = podsOf(objects)
            .filter(({ template }) => {
                const { containers, initContainers = [] } = template.spec as Record<
                    string,
                    { env?: { name: string; value: string }[] }[]
                >;
                const all = [...containers!, ...(initContainers as typeof containers & object)];
                const having = all.filter(({ env }) => env?.some(({ name }) => name === "https_proxy"));
                expect([0, all.length]).to.include(having.length);
                return having.length > 0;
            })
            .map(({ owner }) => owner.metadata.name)
            .sort();
        expect(informed).to.include.members(["admin", "backup", "cron", "edge", "frontend", "restore"]);
        expect(informed).not.to.include("database").and.not.to.include("cache");
        for (const pod of pods)
            expect(canReachAddress(objects, pod, "10.1.2.3", 3128), pod.component).to.equal(
                informed.some((name) => name === pod.component),
            );
    });

    it("is left out for the cluster, and for services by all of their names", async () => {
        const objects = await declareOpenCart({ values: { cluster }, instance: { sharedFiles: "oneNode" } });
        const frontend = podsOf(objects).find(({ owner }) => owner.metadata.name === "frontend")!;
        const [{ env }] = frontend.template.spec!["containers"] as [{ env: { name: string; value: string }[] }];
        const without = env.find(({ name }) => name === "NO_PROXY")!.value.split(",");
        expect(without).to.include.members([".svc", ".cluster.local", "localhost", "database", ".corp.example"]);
        expect(env.find(({ name }) => name === "no_proxy")!.value).to.equal(without.join());
        expect(env.find(({ name }) => name === "http_proxy")!.value).to.equal(proxy.http);
    });

    it("is refused with a user or a path", async () => {
        const told = await problemsOf(
            declare(() => {}, { values: { cluster: { ...cluster, proxy: { https: "http://me:secret@proxy:3128" } } } }),
        );
        expect(told).to.contain("plinth:cluster.proxy.https").and.to.contain("without user and path");
    });

    it("is refused with TLS on the way to it, which backups do not have", async () => {
        const told = await problemsOf(
            declare(() => {}, { values: { cluster: { ...cluster, proxy: { https: "https://proxy:3128" } } } }),
        );
        expect(told).to.match(/plinth:cluster\.proxy\.https: .*https:\/\/proxy:3128.*allowed: a URL such as http:/);
    });

    it("is also that of image builds", () => {
        expect(proxyEnvironment({ https: "http://proxy:1", noProxy: [], cidrs: [] })).to.deep.equal({
            HTTPS_PROXY: "http://proxy:1",
            https_proxy: "http://proxy:1",
        });
    });
});

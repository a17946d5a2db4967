import { expect } from "chai";
import { Cache } from "../../components/cache";
import { Database } from "../../components/database";
import type { Instance } from "../../components/instance";
import { Worker } from "../../components/worker";
import { cache } from "../../config/cache";
import { database } from "../../config/database";
import { images } from "../../platforms/opencart/images";
import { declare, find } from "../support/declare";
import { brokenRules } from "../support/invariants";
import { addressesOf, canReach } from "../support/policies";

/** Of these, only the cache in the cluster has metrics. */
const build = (instance: Instance<string>) => {
    for (const [name, config] of [
        ["cache", { topology: "single" }],
        ["sessions", { topology: "external", host: "10.1.2.3" }],
    ] as const)
        new Cache(instance, name, { config: cache.parse(config), resources: { cpu: "50m", memory: "64Mi" } });
    const container = { name: "main", image: images["opencart-nginx"], resources: { cpu: "10m", memory: "16Mi" } };
    new Worker(instance, "worker", { pod: { user: 1000, containers: [container] } });
};
const rendered = (cluster: object) =>
    declare(build, {
        values: { cluster: { context: "kind-dev", ...cluster }, secrets: { bench: { sessionsPassword: "theirs" } } },
    });
const monitoring = { monitoringNamespace: "monitoring" };

describe("metrics", () => {
    it("are open to Prometheus' namespace, and off without one", async () => {
        const prometheus = { namespace: "monitoring", labels: {} };
        for (const [cluster, containers] of [
            [monitoring, ["valkey", "exporter"]],
            [{}, ["valkey"]],
        ] as const) {
            const { objects } = await rendered(cluster);
            expect(brokenRules(objects)).to.deep.equal([]);
            const { spec } = find(objects, "Deployment", "cache")["spec"].template;
            expect(spec.containers.map(({ name }: { name: string }) => name)).to.deep.equal(containers);
            const to = addressesOf(objects).find(({ component }) => component === "cache")!;
            expect(canReach(objects, prometheus, to, 9121)).to.equal("monitoringNamespace" in cluster);
            expect(canReach(objects, prometheus, to, 6379)).to.equal(false);
            expect(canReach(objects, { namespace: "other", labels: {} }, to, 9121)).to.equal(false);
        }
    });

    it("of a database are those of each of its servers", async () => {
        const prometheus = { namespace: "monitoring", labels: {} };
        for (const [config, names, port] of [
            [{ topology: "single" }, ["database"], 9104],
            [{ topology: "single", engine: "postgres" }, ["database"], 9187],
            [{ topology: "replicated" }, ["database", "database-1"], 9104],
        ] as const)
            for (const cluster of [{}, monitoring]) {
                const { objects } = await declare(
                    (instance) =>
                        new Database(instance, "database", {
                            ...{ config: database.parse(config), database: "shop", user: "shop", size: "1Gi" },
                            resources: { cpu: "10m", memory: "512Mi" },
                        }),
                    { values: { cluster: { context: "kind-dev", ...cluster } } },
                );
                expect(brokenRules(objects)).to.deep.equal([]);
                const wanted = "monitoringNamespace" in cluster;
                for (const name of names) {
                    const { containers } = find(objects, "StatefulSet", name)["spec"].template.spec;
                    const exporters = containers.filter((one: { name: string }) => one.name === "exporter");
                    expect(exporters).to.have.length(wanted ? 1 : 0);
                    const to = addressesOf(objects).find(({ component }) => component === name)!;
                    expect(canReach(objects, prometheus, to, port)).to.equal(wanted);
                }
            }
    });

    it("are scraped by PodMonitors if there is an operator", async () => {
        const monitors = async (podMonitors: unknown) => {
            const { objects } = await rendered({ ...monitoring, podMonitors });
            expect(brokenRules(objects)).to.deep.equal([]);
            return objects.filter(({ kind }) => kind === "PodMonitor");
        };
        expect(await monitors(false)).to.deep.equal([]);
        const [monitor, ...others] = await monitors({ labels: { release: "prometheus" } });
        expect(others).to.deep.equal([]);
        expect(monitor!.metadata).to.nested.include({
            name: "cache",
            namespace: "bench",
            "labels.release": "prometheus",
        });
        expect(await monitors(true)).to.have.length(1);
    });

    it("are required for monitors", async () => {
        const refused = await rendered({ podMonitors: true }).then(() => "", String);
        expect(refused).to.contain(
            "plinth:cluster.podMonitors: needs plinth:cluster.monitoringNamespace: without it no component has metrics",
        );
    });
});

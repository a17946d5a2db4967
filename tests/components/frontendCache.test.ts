import { expect } from "chai";
import { FrontendCache, memoryFor } from "../../components/frontendCache";
import type { Instance } from "../../components/instance";
import { publish } from "../../components/loadBalancer";
import { WebTier } from "../../components/webTier";
import { frontendCache, type VarnishConfig } from "../../config/frontendCache";
import { parseQuantity } from "../../config/quantity";
import { images } from "../../platforms/opencart/images";
import { type DeclareArgs, declare, find } from "../support/declare";
import { brokenRules } from "../support/invariants";
import { addressesOf, canReach } from "../support/policies";

const container = {
    name: "main",
    image: images["opencart-nginx"],
    resources: { cpu: "10m", memory: "16Mi" },
    probes: { readiness: { tcpSocket: { port: 8080 } } },
};

/** edge → varnish → frontend; the administration purges what it has changed. */
const build = (changes: object) => (instance: Instance<string>) => {
    const config = frontendCache.parse({ type: "varnish", ...changes }) as VarnishConfig;
    const ports = { http: 8080, status: 9001 };
    const frontend = new WebTier(instance, "frontend", { pod: { user: 101, containers: [{ ...container, ports }] } });
    const cache = new FrontendCache(instance, "varnish", {
        config,
        backend: frontend.service,
        contents: images["opencart-nginx"],
        resources: { cpu: "50m" },
        startsAfter: [frontend],
    });
    new WebTier(instance, "admin", {
        pod: {
            user: 101,
            containers: [{ ...container, ports: { http: 8080 }, uses: [cache.service.bind({}, ["purge"])] }],
        },
    });
    publish(instance, [{ host: instance.config.host, routes: [{ to: cache.service }] }]);
};
const rendered = (changes: object = {}, args: DeclareArgs = {}) => declare(build(changes), args);

describe("FrontendCache", () => {
    it("accepts pages from the load balancer, and purges from the tiers that declare them", async () => {
        const { objects } = await rendered();
        expect(brokenRules(objects)).to.deep.equal([]);
        const pods = addressesOf(objects);
        const open = pods.flatMap((from) =>
            pods.flatMap((to) =>
                [8080, 8081, 9001]
                    .filter((port) => canReach(objects, from, to, port))
                    .map((port) => `${from.component}→${to.component}:${port}`),
            ),
        );
        expect(open).to.have.members(["varnish→frontend:8080", "admin→varnish:8081", "edge→varnish:8080"]);
    });

    it("starts empty with another release of the backend", async () => {
        const rules = async (args: DeclareArgs) => {
            const { objects } = await rendered({}, args);
            const { volumes } = find(objects, "Deployment", "varnish")["spec"].template.spec;
            const { name } = find(objects, "ConfigMap", "varnish").metadata;
            expect(volumes[0].configMap.name).to.equal(name);
            return name;
        };
        const first = await rules({});
        expect(await rules({})).to.equal(first);
        expect(await rules({ instance: { images: { "opencart-nginx": "nginx:2" } } })).not.to.equal(first);
    });

    it("lets the longest request finish before it stops", async () => {
        const { objects } = await rendered();
        const { "default.vcl": rules } = find(objects, "ConfigMap", "varnish")["data"] as Record<string, string>;
        const longest = Number(/\.first_byte_timeout = (\d+)s/.exec(rules!)![1]);
        const { containers, terminationGracePeriodSeconds } = find(objects, "Deployment", "varnish")["spec"].template
            .spec;
        const seconds = Number(/sleep (\d+)$/.exec(containers[0].lifecycle.preStop.exec.command.at(-1))![1]);
        expect(seconds).to.be.at.least(longest);
        expect(terminationGracePeriodSeconds).to.be.above(seconds);
    });

    it("has memory for the cache and its overhead, whatever the user sets", async () => {
        for (const memory of ["16Mi", "128Mi", "4Gi"]) {
            const { objects } = await rendered({ memory });
            const [{ resources, command }] = find(objects, "Deployment", "varnish")["spec"].template.spec.containers;
            const store = /^malloc,(\d+)M$/.exec(command[command.indexOf("-s") + 1])![1];
            expect(Number(store)).to.equal(parseQuantity(memory) / 2 ** 20);
            expect(resources.limits.memory).to.equal(`${memoryFor(Number(store))}Mi`);
        }
        const refused = async (changes: object, memory?: string) =>
            rendered(changes, memory ? { instance: { resources: { varnish: { memory } } } } : {}).then(
                () => "",
                String,
            );
        expect(await refused({}, "400Mi")).to.contain(
            'plinth:instances.bench.resources.varnish.memory: "400Mi" is too little for a cache of 128Mi; allowed: at least 423Mi',
        );
        expect(await refused({}, "423Mi")).to.equal("");
        expect(await refused({ maxFile: "65Mi" })).to.contain(
            'plinth:instances.bench.frontendCache.maxFile: "65Mi" is too much for a cache of 128Mi; allowed: at most half of frontendCache.memory',
        );
    });
});

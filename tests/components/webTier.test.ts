import { expect } from "chai";
import type { Instance } from "../../components/instance";
import { WebTier, type WebTierArgs } from "../../components/webTier";
import { images } from "../../platforms/opencart/images";
import { declare, find, problemsOf } from "../support/declare";

const tier = (instance: Instance, more: Partial<WebTierArgs> = {}) =>
    new WebTier(instance, "frontend", {
        pod: {
            user: 101,
            containers: [
                {
                    name: "nginx",
                    image: images["opencart-nginx"],
                    ports: { http: 8080 },
                    resources: { cpu: "50m", memory: "64Mi" },
                },
            ],
        },
        ...more,
    });

describe("WebTier", () => {
    it("leaves the number of replicas to the autoscaler", async () => {
        const { objects } = await declare((instance) => tier(instance), {
            instance: { replicas: { frontend: { min: 2, max: 5 } } },
        });
        expect(find(objects, "Deployment", "frontend").spec).not.to.have.property("replicas");
        expect(find(objects, "HorizontalPodAutoscaler", "frontend").spec).to.include({
            minReplicas: 2,
            maxReplicas: 5,
        });
        expect(find(objects, "PodDisruptionBudget", "frontend").spec.maxUnavailable).to.equal(1);
    });
    it("has one replica, without budget or autoscaler, by default", async () => {
        const { objects } = await declare((instance) => tier(instance));
        expect(find(objects, "Deployment", "frontend").spec.replicas).to.equal(1);
        expect(objects.map(({ kind }) => kind)).not.to.include("PodDisruptionBudget");
    });
    it("stops its pod before the next one starts if it is single", async () => {
        const single = (instance: Instance) => tier(instance, { single: true });
        const { strategy, replicas } = find((await declare(single)).objects, "Deployment", "frontend").spec;
        expect([strategy, replicas]).to.deep.equal([{ type: "Recreate" }, 1]);
        expect(await problemsOf(declare(single, { instance: { replicas: { frontend: 2 } } }))).to.include(
            "plinth:instances.bench.replicas.frontend: 2 is not allowed; allowed: at most 1",
        );
    });
});

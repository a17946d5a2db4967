import { expect } from "chai";
import type { Instance } from "../../components/instance";
import { WebTier } from "../../components/webTier";
import { declare, find } from "../support/declare";
import { images } from "../../platforms/opencart/images";

const tier = (instance: Instance) =>
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
    });

describe("WebTier", () => {
    it("leaves the number of replicas to the autoscaler, which fights with a stated one", async () => {
        const { objects } = await declare(tier, { instance: { replicas: { frontend: { min: 2, max: 5 } } } });
        expect(find(objects, "Deployment", "frontend").spec).not.to.have.property("replicas");
        expect(find(objects, "HorizontalPodAutoscaler", "frontend").spec).to.include({
            minReplicas: 2,
            maxReplicas: 5,
        });
        expect(find(objects, "PodDisruptionBudget", "frontend").spec.maxUnavailable).to.equal(1);
    });
    it("states one replica, without budget or autoscaler, by default", async () => {
        const { objects } = await declare(tier);
        expect(find(objects, "Deployment", "frontend").spec.replicas).to.equal(1);
        expect(objects.map(({ kind }) => kind)).not.to.include("PodDisruptionBudget");
    });
});

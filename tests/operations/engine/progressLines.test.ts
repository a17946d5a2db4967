import { expect } from "chai";
import { isOutcome } from "../../../operations/engine/progressLines";

// As the engine prints them.
const kept = [
    "Updating (production):",
    "",
    " +  kubernetes:core/v1:Namespace shop-namespace created (0.07s) ",
    " ~  kubernetes:apps/v1:Deployment shop-edge updated (12s) [diff: ~spec]; ",
    " ++ kubernetes:core/v1:ConfigMap shop-frontend-php created replacement (0.33s) [diff: ~data,metadata]; ",
    " -- kubernetes:core/v1:ConfigMap shop-frontend-php deleted original (0.04s) [diff: ~data,metadata]; ",
    " ~  kubernetes:apps/v1:Deployment shop-admin refresh (0.64s) [diff: ~spec]",
    " +  kubernetes:batch/v1:Job shop-install **creating failed** (60s) error: 1 error occurred:",
    " +  kubernetes:batch/v1:Job shop-install creating (60s) error: 1 error occurred:",
    "    pulumi:pulumi:Stack plinth-production **failed** 1 error",
    "  kubernetes:batch/v1:Job (shop-install):",
    "    error: 1 error occurred:",
    "    warning: shop: nothing is backed up; set backup.target (docs/backup.md)",
    "    + 58 created",
    "Duration: 42s",
];
const left = [
    " +  pulumi:pulumi:Stack plinth-production creating (2s) warning: shop: nothing is backed up",
    " +  plinth:components:Namespace shop-namespace creating (0s) ",
    " +  kubernetes:apps/v1:StatefulSet shop-database creating (10s) warning: [Pod shop/database-0]: unready",
    " +  kubernetes:apps/v1:Deployment shop-edge creating (9s) warning: [Pod shop/edge-1]: [ErrImagePull] failed to pull",
    " +  kubernetes:apps/v1:Deployment shop-cache creating (3s) Deployment initialization complete",
    " +  kubernetes:core/v1:Service shop-admin creating (0s) Skipping await logic",
    " ~  kubernetes:apps/v1:Deployment shop-edge updating (0s) [diff: ~spec]; Waiting for app ReplicaSet to be available",
    " ++ kubernetes:core/v1:ConfigMap shop-frontend-nginx creating replacement (0s) [diff: ~data,metadata]; ",
    " ~  random:index:RandomPassword digest-key refreshing (0s) ",
    " ~  random:index:RandomPassword digest-key refresh (0.17s) ",
    "    kubernetes:core/v1:ConfigMap shop-admin-nginx  ",
    "    pulumi:pulumi:Stack plinth-production running warning: shop: nothing is backed up",
];

describe("the engine's text, for a launch", () => {
    it("keeps what was done, errors, and the summary", () => {
        expect(kept.filter((line) => !isOutcome(line))).to.deep.equal([]);
    });

    it("leaves out what is being done, and what is as it should be", () => {
        expect(left.filter(isOutcome)).to.deep.equal([]);
    });
});

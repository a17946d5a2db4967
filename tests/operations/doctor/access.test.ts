import { kubectlFailure } from "../../../operations/cluster/kubectlError";
import { expect } from "chai";
import * as access from "../../../operations/doctor/access";
import type { RenderedObject } from "../../../operations/render/rendering";
import { expectFinding, object, rendering } from "../../support/doctor";

describe("doctor: access", () => {
    const apiResources = [
        { name: "namespaces", apiVersion: "v1", kind: "Namespace" },
        { name: "pods", apiVersion: "v1", kind: "Pod" },
        { name: "replicasets", apiVersion: "apps/v1", kind: "ReplicaSet" },
        { name: "deployments", apiVersion: "apps/v1", kind: "Deployment" },
    ];
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
    const deployment = object("Deployment", "web", {}, "apps/v1");

    it("asks once for each verb of each kind, in each namespace", () => {
        const questions = access.questionsOf([namespace, deployment, { ...deployment }], apiResources);
        expect(
            questions.map(({ verb, group, resource, namespace: where = "", name = "" }) =>
                [verb, group, resource, where, name].join(" ").trim(),
            ),
        ).to.deep.equal([
            "create  namespaces",
            "get  namespaces  shop",
            "patch  namespaces  shop",
            ...["get", "create", "patch", "list", "watch", "delete"].map((verb) => `${verb} apps deployments shop`),
            ...["list", "watch"].map((verb) => `${verb}  pods shop`),
            ...["list", "watch"].map((verb) => `${verb} apps replicasets shop`),
        ]);
    });
    it("needs to list volumes and classes only if a claim names a volume that the stack does not create", () => {
        const resources = [
            { name: "persistentvolumes", apiVersion: "v1", kind: "PersistentVolume" },
            { name: "storageclasses", apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
        ];
        const wide = (...objects: RenderedObject[]) =>
            access
                .questionsOf(objects, resources)
                .filter(({ verb, name }) => verb === "list" && name === undefined)
                .map(({ resource }) => resource);
        const claim = object("PersistentVolumeClaim", "data", { volumeName: "pvc-1" });
        expect(wide(claim)).to.deep.equal(["persistentvolumes", "storageclasses"]);
        const own = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "pvc-1" } };
        expect(wide(claim, own)).to.deep.equal([]);
    });
    it("names the missing rights, separately for preview and launch", () => {
        const rights = access
            .questionsOf([namespace, deployment], apiResources)
            .map((question) => ({ ...question, allowed: ["get", "list", "watch"].includes(question.verb) }));
        expectFinding(access.rightsToPreview({ rights }), "problem", "create, patch in shop: deployments.apps");
        expectFinding(access.rightsToPreview({ rights }), "problem", "patch: namespaces/shop");
        expectFinding(access.rightsToLaunch({ rights }), "problem", "missing rights: delete in shop: deployments.apps");
        const all = rights.map((right) => ({ ...right, allowed: true }));
        expectFinding(access.rightsToPreview({ rights: all }), "ok");
        expectFinding(access.rightsToLaunch({ rights: all.filter(({ verb }) => verb !== "delete") }), "ok");
    });
    it("needs logs and annotations of pods in namespaces with edges, and only warns without them", () => {
        const edge = (name: string, own: string) => ({
            ...object("Deployment", name, { template: { spec: { containers: [{ name: "caddy" }, { name: own }] } } }),
        });
        const questions = access.edgeQuestions([namespace, edge("edge", "reload"), edge("more", "reload")]);
        expect(
            questions.map(({ verb, resource, subresource = "", namespace: where }) =>
                [verb, resource, subresource, where].join(" "),
            ),
        ).to.deep.equal(["get pods  shop", "patch pods  shop", "get pods log shop"]);
        expect(access.edgeQuestions([namespace, edge("web", "other")])).to.deep.equal([]);
        // Members of a database, which read from such a file which of them is the source.
        const member = { ...edge("database", "replication"), kind: "StatefulSet" };
        expect(access.edgeQuestions([namespace, member])).to.deep.equal(questions);
        const edgeRights = questions.map((right) => ({ ...right, allowed: right.subresource === undefined }));
        expectFinding(access.rightsToSeeEdges({ edgeRights }), "warning", "get in shop: pods/log", "./plinth rbac");
        const all = edgeRights.map((right) => ({ ...right, allowed: true }));
        expectFinding(access.rightsToSeeEdges({ edgeRights: all }), "ok");
        expectFinding(access.rightsToSeeEdges({ edgeRights: [] }), "ok");
    });
    it("names kinds that the server does not have", () => {
        const monitor = object("ServiceMonitor", "m", {}, "monitoring.coreos.com/v1");
        expectFinding(access.knownKinds({ rendering: rendering(deployment), apiResources }), "ok");
        expectFinding(
            access.knownKinds({ rendering: rendering(deployment, monitor), apiResources }),
            "problem",
            "monitoring.coreos.com/v1 ServiceMonitor",
        );
        // Another version of a kind is another kind.
        const old = { ...deployment, apiVersion: "apps/v1beta1" };
        expectFinding(access.knownKinds({ rendering: rendering(old), apiResources }), "problem", "apps/v1beta1");
    });
    it("names objects that belong to others", () => {
        expectFinding(access.ownership({ foreign: [] }), "ok");
        expectFinding(access.ownership({ foreign: [namespace] }), "problem", "Namespace shop", "create: false");
        expectFinding(
            access.ownership({ foreign: Array(7).fill(deployment) }),
            "problem",
            "Deployment shop/web",
            "2 more",
        );
    });
    it("concludes from dry runs whether Pod Security is enforced", () => {
        const yes = { accepted: true, message: "" };
        const no = (message: string) => ({ accepted: false, message, failure: kubectlFailure(message) });
        const judge = (answers: Partial<access.PodSecurityAnswers>) =>
            access.podSecurity({
                podSecurity: { level: "restricted", namespace: yes, nonsense: no("must be one of"), ...answers },
            });
        expectFinding(judge({}), "ok", "`restricted` is enforced");
        expectFinding(judge({ pod: no("violates PodSecurity") }), "ok", "refused");
        expectFinding(judge({ pod: yes }), "warning", "is accepted");
        expectFinding(judge({ nonsense: yes }), "warning", "not enforced");
        expectFinding(judge({ namespace: no("denied by webhook x") }), "problem", "denied by webhook x");
        expectFinding(judge({ namespace: no('namespaces "shop" is forbidden: User "u" cannot patch') }), "not checked");
    });
});

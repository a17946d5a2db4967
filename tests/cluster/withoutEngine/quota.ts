import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import type { Result } from "../../../operations/doctor/checks";
import { streamOf } from "../../../operations/render/manifests";
import { renderStack } from "../../../operations/render/rendering";
import type { Status } from "../../../operations/status/status";
import { type ControlPlane, controlPlane } from "../../support/controlPlane";
import { ShopOnPlane } from "../../support/shopOnPlane";
import { scratch } from "../../support/tools";

const stack = "limited-by-a-test";
const namespace = "team-shop";

describe("a namespace with the quotas and limits of others, on a control plane", function () {
    this.timeout(300_000);
    let plane: ControlPlane;
    let shop: ShopOnPlane;
    const place = scratch();
    const apply = (...objects: object[]) =>
        plane.kubectl(
            ["apply", "--namespace", namespace, "--filename", "-"],
            objects.map((object) => `---\n${stringify(object)}`).join(""),
        );
    const quota = (hard: Record<string, string>) => ({
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "team" },
        spec: { hard },
    });
    const limits = (limit: object) => ({
        apiVersion: "v1",
        kind: "LimitRange",
        metadata: { name: "team" },
        spec: { limits: [limit] },
    });

    before(async function () {
        plane = await controlPlane(this);
        shop = new ShopOnPlane(plane, stack, { name: namespace, create: false });
    });
    afterEach(() => plane.kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=true"]));
    after(async () => {
        shop?.clean();
        place.clean();
        if (!plane) return;
        await plane.kubectl(["delete", "namespace", "plinth-ci", "--ignore-not-found", "--wait=true"]);
    });

    const said = (kubeconfig?: string) => {
        const { stdout, stderr } = shop.plinth(["doctor", "--json"], kubeconfig === undefined ? {} : { kubeconfig });
        expect(stdout, stderr).to.match(/^\[/);
        return (JSON.parse(stdout) as Result[]).find(({ check }) => check === "rules of the cluster")!;
    };

    it("cannot be tried before it is there, which doctor says", () => {
        shop.configure();
        const { level, text } = said();
        expect(level, text).to.equal("not checked");
        expect(text).to.equal(`nothing can be tried in a namespace that does not exist yet: ${namespace}`);
    });

    it("gets pods with CPU limits by one key where a quota demands them", async () => {
        shop.configure();
        await plane.kubectl(["create", "namespace", namespace]);
        await apply(quota({ "limits.cpu": "8" }));
        const { level, text } = said();
        expect(level, text).to.equal("problem");
        expect(text).to.match(/a pod of \w+ team-shop\/\w+.* more: failed quota: team: must specify limits\.cpu/);
        expect(text).to.include("set plinth:cluster.cpuLimits: true");
        // One reason and one key, whatever the containers.
        expect(text.split("\n")).to.have.length(2);

        shop.configure({ cpuLimits: true });
        const limited = said();
        expect(limited.level, limited.text).to.equal("ok");
        expect((await plane.json<{ items: object[] }>(["get", "all", "--namespace", namespace])).items).to.have.length(
            0,
        );
    });

    it("has limits of its own, which doctor names with the key of the component", async () => {
        shop.configure();
        await plane.kubectl(["create", "namespace", namespace]);
        await apply(
            limits({ type: "Container", max: { memory: "300Mi" }, default: { memory: "100Mi" }, min: { cpu: "1m" } }),
        );
        const { level, text } = said();
        expect(level, text).to.equal("problem");
        expect(text).to.match(
            /a pod of StatefulSet team-shop\/database: maximum memory usage per Container is 300Mi, but limit is \S+; set plinth:instances\.shop\.resources\.database\.memory/,
        );
        // A default limit below what is requested.
        await apply(limits({ type: "Container", default: { cpu: "10m" } }));
        expect(said().text).to.match(/must be less than or equal to cpu limit.*; set plinth:cluster\.cpuLimits/);
        shop.configure({ cpuLimits: 2 });
        const { level: then, text: why } = said();
        expect(then, why).to.equal("ok");
    });

    it("may refuse claims and Services, too", async () => {
        shop.configure({ loadBalancer: true });
        await plane.kubectl(["create", "namespace", namespace]);
        await apply(quota({ "services.loadbalancers": "0", "requests.storage": "1Gi" }));
        const { level, text } = said();
        // Others may give back what they use.
        expect(level, text).to.equal("warning");
        expect(text).to.match(/Service team-shop\/edge: exceeded quota: .*; set plinth:instances\.shop\.edge\.type/);
        expect(text).to.match(
            /PersistentVolumeClaim team-shop\/database.*plinth:instances\.shop\.volumes\.database\.size/,
        );
    });

    it("is tried with the rights that `rbac --preview-only` gives", async () => {
        shop.configure();
        await plane.kubectl(["create", "namespace", namespace]);
        await apply(quota({ "limits.cpu": "8" }));
        await plane.kubectl(["apply", "--filename", "-"], shop.plinth(["rbac", "--preview-only"]).stdout);
        const name = `plinth-${stack}-preview`;
        const { stdout: token } = await plane.kubectl(["create", "token", name, "--namespace", "plinth-ci"]);
        const kubeconfig = parse((await plane.kubectl(["config", "view", "--minify", "--flatten"])).stdout) as {
            users: { user: object }[];
        };
        kubeconfig.users[0]!.user = { token };
        const path = join(place.path, "preview");
        writeFileSync(path, stringify(kubeconfig), { mode: 0o600 });
        const { level, text } = said(path);
        expect(level, text).to.equal("problem");
        expect(text).to.include("set plinth:cluster.cpuLimits: true");
    });

    it("may choose users itself, as OpenShift does, which one key leaves to it", async () => {
        shop.configure();
        await plane.kubectl(["create", "namespace", namespace]);
        const name = "plinth-test-users";
        const words = "unable to validate against any security context constraint: users and groups are the cluster's";
        const users = "!has(object.spec.securityContext.runAsUser) && !has(object.spec.securityContext.fsGroup)";
        // A stand-in for the admission plugin of OpenShift, which no other cluster has.
        await apply(
            {
                apiVersion: "admissionregistration.k8s.io/v1",
                kind: "ValidatingAdmissionPolicy",
                metadata: { name },
                spec: {
                    matchConstraints: {
                        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
                        resourceRules: [
                            { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] },
                        ],
                    },
                    validations: [{ expression: users, message: words }],
                },
            },
            {
                apiVersion: "admissionregistration.k8s.io/v1",
                kind: "ValidatingAdmissionPolicyBinding",
                metadata: { name },
                spec: { policyName: name, validationActions: ["Deny"] },
            },
        );
        try {
            const end = Date.now() + 60_000;
            // The API server reads new policies after a moment.
            while (!said().text.includes("set plinth:cluster.openshift: true"))
                expect(Date.now(), said().text).to.be.below(end);
            shop.configure({ openshift: true });
            const { level, text } = said();
            expect(level, text).to.equal("ok");
        } finally {
            for (const kind of ["validatingadmissionpolicybinding", "validatingadmissionpolicy"])
                await plane.kubectl(["delete", kind, name, "--ignore-not-found"]);
        }
    });

    it("is what `status` names for each kind, in the server's words", async () => {
        shop.configure();
        await plane.kubectl(["create", "namespace", namespace]);
        await apply(quota({ "limits.cpu": "8" }));
        const rendering = await renderStack(stack);
        await plane.kubectl(["apply", "--server-side", "--filename", "-"], streamOf(rendering, false));
        const reasons = () => {
            const { stdout } = shop.plinth(["status", "--json"]);
            const { tiers, tasks } = JSON.parse(stdout) as Status;
            return [...tiers, ...tasks];
        };
        const end = Date.now() + 60_000;
        while (!reasons().every(({ reason }) => /must specify limits\.cpu/.test(reason ?? ""))) {
            expect(Date.now(), JSON.stringify(reasons(), undefined, 1)).to.be.below(end);
            await sleep(1000);
        }
        expect(reasons().map(({ component }) => component)).to.include.members(["database", "install", "frontend"]);
    });
});

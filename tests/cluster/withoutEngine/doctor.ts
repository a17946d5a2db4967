import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import type { Result } from "../../../operations/doctor/checks";
import { type ControlPlane, controlPlane } from "../../support/controlPlane";
import { gatewayKinds } from "../../support/gatewayApi";
import { ShopOnPlane } from "../../support/shopOnPlane";
import { scratch } from "../../support/tools";

const stack = "doctored-by-a-test";
const namespace = "plinth-doctored";

describe("doctor, on a control plane", function () {
    this.timeout(180_000);
    let plane: ControlPlane;
    let shop: ShopOnPlane;
    const place = scratch();

    before(async function () {
        plane = await controlPlane(this);
        shop = new ShopOnPlane(plane, stack, namespace);
    });
    after(async () => {
        shop?.clean();
        place.clean();
        const leftovers = [`namespace/${namespace}`, "namespace/plinth-reader", "clusterrolebinding/plinth-reader"];
        if (plane) await plane.kubectl(["delete", ...leftovers, "--ignore-not-found", "--wait=true"]);
    });

    /** @param path where programs are found. @default the plane's kubectl, and the system's */
    function doctor(where: { path?: string; kubeconfig?: string } = {}) {
        const run = (...options: string[]) => shop.plinth(["doctor", ...options], where);
        const { status, stdout, stderr } = run("--json");
        expect(stdout, stderr).to.match(/^\[/);
        const results = JSON.parse(stdout) as Result[];
        const at = (level: Result["level"]) => results.filter((one) => one.level === level).map(({ check }) => check);
        const found = (check: string) => results.find((one) => one.check === check)!;
        return { status, at, found, text: () => run().stdout };
    }

    it("finds no problem in a complete cluster, and leaves nothing behind", async () => {
        shop.configure({});
        const { status, at, found } = doctor();
        expect(at("problem")).to.deep.equal([]);
        expect(at("not checked")).to.deep.equal([]);
        expect(status).to.equal(0);
        const checked = [
            ...["cluster", "server version", "version skew", "clock", "capacity", "storage class", "volume expansion"],
            ...["Pod Security", "kinds", "rights to preview", "rights to launch", "ownership", "load balancer"],
            "rights to see edges",
        ];
        expect(at("ok")).to.include.members(checked);
        const { stdout: server } = await plane.kubectl(["get", "--raw", "/version"]);
        expect(found("server version").text).to.equal((JSON.parse(server) as { gitVersion: string }).gitVersion);
        const { stdout } = await plane.kubectl(["get", "namespace", namespace, "--ignore-not-found"]);
        expect(stdout).to.equal("");
    });

    it("names the rights that a reader lacks, and skips the checks that need them", async () => {
        shop.configure({});
        await plane.kubectl(["create", "namespace", "plinth-reader"]);
        await plane.kubectl(["create", "serviceaccount", "reader", "--namespace", "plinth-reader"]);
        await plane.kubectl([
            ...["create", "clusterrolebinding", "plinth-reader", "--clusterrole=view"],
            "--serviceaccount=plinth-reader:reader",
        ]);
        const { stdout: token } = await plane.kubectl(["create", "token", "reader", "--namespace", "plinth-reader"]);
        const view = ["config", "view", "--minify", "--flatten"];
        const kubeconfig = parse((await plane.kubectl(view)).stdout) as { users: { user: object }[] };
        kubeconfig.users[0]!.user = { token };
        const path = join(place.path, "reader");
        writeFileSync(path, stringify(kubeconfig), { mode: 0o600 });

        const { status, at, found } = doctor({ kubeconfig: path });
        expect(status).to.equal(1);
        expect(at("problem")).to.deep.equal(["rights to preview", "rights to launch"]);
        expect(found("cluster").text).to.include("system:serviceaccount:plinth-reader:reader");
        expect(found("rights to preview").text)
            .to.match(new RegExp(`create, patch in ${namespace}: [^;]*deployments.apps`))
            .and.to.include(`get, create, patch in ${namespace}: secrets`)
            .and.to.include(`patch: namespaces/${namespace}`);
        expect(found("rights to launch").text).to.include(`list, watch, delete in ${namespace}: secrets`);
        expect(at("warning")).to.include("rights to see edges");
        expect(found("rights to see edges").text).to.include(`patch in ${namespace}: pods`);
        for (const check of ["capacity", "storage class", "Pod Security", "ownership"]) {
            expect(found(check).level, check).to.equal("not checked");
            expect(found(check).text, check).to.match(/forbidden/i);
        }
        expect(at("ok")).to.include.members(["server version", "kinds"]);

        // An unauthorized user is told so once.
        kubeconfig.users[0]!.user = { token: "of nobody" };
        writeFileSync(path, stringify(kubeconfig));
        const nobody = doctor({ kubeconfig: path });
        expect(nobody.at("problem")).to.deep.equal(["cluster"]);
        expect(nobody.found("cluster").text).to.include("Unauthorized");
        expect(nobody.text().match(/needs a reachable cluster/g)).to.have.length(1);
    });

    it("names what is missing in the cluster, and objects that belong to others", async () => {
        const monitor = { apiVersion: "example.org/v1", kind: "Unheard", metadata: { name: "of" }, spec: {} };
        shop.configure(
            { storageClass: "none-such", sharedStorageClass: "nor-this", loadBalancer: true, metrics: true },
            {
                sharedFiles: null,
                size: "large",
                edge: { type: "Ingress", className: "nobodys" },
                resources: { frontend: { memory: "60Ti" } },
                extraObjects: [monitor],
            },
        );
        await plane.kubectl(["create", "namespace", namespace]);
        const { status, at, found } = doctor();
        expect(status).to.equal(1);
        expect(at("problem")).to.have.members([
            ...["capacity", "storage class", "shared storage class", "ingress class", "kinds", "ownership"],
        ]);
        expect(found("storage class").text).to.include('"none-such"');
        expect(found("shared storage class").text).to.include('"nor-this"');
        expect(found("capacity").text).to.include(`a pod of Deployment ${namespace}/frontend`);
        expect(found("ingress class").text).to.include('"nobodys"');
        expect(found("kinds").text).to.include("example.org/v1 Unheard");
        expect(found("ownership").text).to.include(`Namespace ${namespace}`);
        expect(at("warning")).to.include("metrics-server");
    });

    it("detects that Pod Security is not enforced in a namespace without the label, and that it is in Plinth's", async () => {
        shop.configure({});
        const label = (value: string) => `pod-security.kubernetes.io/enforce${value}`;
        await plane.kubectl(["label", "namespace", namespace, `plinth.dev/stack=plinth.${stack}`]);
        expect(doctor().found("Pod Security").text).to.include("a pod that violates `restricted` is accepted");
        await plane.kubectl(["label", "namespace", namespace, label("=restricted")]);
        const { found, at } = doctor();
        expect(found("Pod Security").text).to.include("a pod that violates it is refused");
        expect(found("ownership").level).to.equal("ok");
        expect(at("problem")).to.deep.equal([]);
        const { stdout } = await plane.kubectl(["get", "pods", "--namespace", namespace, "--output", "name"]);
        expect(stdout).to.equal("");
    });

    it("follows an edge from the kinds of the Gateway API to a listener that takes its route", async function () {
        const kinds = gatewayKinds(this);
        const input = (...objects: object[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
        const gateway = (from: string) => ({
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "Gateway",
            metadata: { name: "public", namespace: "default" },
            spec: {
                gatewayClassName: "any",
                listeners: [
                    { name: "web", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from } } },
                    { name: "other", port: 81, protocol: "HTTP" },
                ],
            },
        });
        const edge = { type: "Gateway", gateway: { name: "public", namespace: "default" }, controllerNamespace: "any" };
        shop.configure({}, { edge, tls: { mode: "off", inFront: true } });
        const said = () => doctor().found("Gateways");
        expect(said()).to.deep.include({ level: "problem" });
        expect(said().text).to.equal("the server does not know HTTPRoute of gateway.networking.k8s.io/v1");
        try {
            await plane.kubectl(["apply", "--server-side", "--filename", "-"], input(...kinds));
            await plane.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
            expect(said().text).to.equal("missing: Gateway default/public");
            await plane.kubectl(["apply", "--filename", "-"], input(gateway("Same")));
            expect(said().text).to.equal(`Gateway default/public accepts no route from the namespace ${namespace}`);
            await plane.kubectl(["apply", "--filename", "-"], input(gateway("All")));
            expect(said()).to.deep.include({ level: "ok", text: "default/public (without an address)" });
            expect(doctor().found("kinds").level).to.equal("ok");
        } finally {
            await plane.kubectl(["delete", "--ignore-not-found", "--filename", "-"], input(...kinds));
        }
    });

    it("makes every check that works without kubectl", () => {
        shop.configure({});
        const { status, found, text } = doctor({ path: place.path });
        expect(status).to.equal(0);
        expect(found("kubectl").level).to.equal("warning");
        expect(found("cluster").text).to.match(/answers$/);
        const lines = text().split("\n");
        expect(lines.filter((line) => line.includes("needs kubectl"))).to.have.length(1);
        expect(lines.find((line) => line.includes("needs kubectl"))).to.include(
            "rights to preview, rights to launch, rights to see edges",
        );
    });

    it("reports mistakes in an invalid stack", () => {
        shop.configure({ networkPolicy: "some" });
        const { status, found, at } = doctor();
        expect(status).to.equal(1);
        expect(found("configuration").text).to.include("plinth:cluster.networkPolicy");
        expect(at("ok")).to.include("state backend");
        expect(found("capacity").text).to.equal("needs a valid configuration");
    });
});

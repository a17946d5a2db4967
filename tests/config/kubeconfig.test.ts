import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { PlainPlan } from "../../operations/render/plainPlan";
import { checkContext, clusterProvider } from "../../components/cluster";
import { kubectlArgs } from "../../operations/cluster/kubectlArgs";
import { contextOf, isLocal, kubeconfigOf } from "../../config/kubeconfig";
import { loadStack } from "../../config/load";
import { cluster, type StackConfig } from "../../config/stack";
import { changeEnvironment } from "../support/environment";

const kubeconfig = (current: string, servers: Record<string, string>) =>
    stringify({
        "current-context": current,
        contexts: Object.keys(servers).map((name) => ({ name, context: { cluster: name, user: name } })),
        clusters: Object.entries(servers).map(([name, server]) => ({ name, cluster: { server } })),
    });

/** Runs with a variable that holds a kubeconfig's contents. */
function withContents<T>(contents: string, work: (settings: ReturnType<typeof cluster.parse>) => T): T {
    const restore = changeEnvironment({ PLINTH_TEST_KUBECONFIG: contents });
    try {
        return work(cluster.parse({ kubeconfig: { env: "PLINTH_TEST_KUBECONFIG" } }));
    } finally {
        restore();
    }
}

describe("the kubeconfig", () => {
    const servers = { production: "https://k8s.example.org:6443", "kind-dev": "https://127.0.0.1:34567" };
    it("yields the current context, or the named one", () => {
        withContents(kubeconfig("production", servers), (settings) => {
            expect(contextOf(settings)).to.deep.equal({ name: "production", server: servers.production });
            expect(contextOf({ ...settings, context: "kind-dev" })?.server).to.equal(servers["kind-dev"]);
            expect(contextOf({ ...settings, context: "nowhere" })).to.equal(undefined);
        });
    });
    it("never falls back to another context if the named one does not exist", () => {
        const missing = cluster.parse({ kubeconfig: { env: "PLINTH_TEST_UNSET" } });
        expect(() => kubeconfigOf(missing)).to.throw(
            "plinth:cluster.kubeconfig: the environment variable PLINTH_TEST_UNSET is not set",
        );
        expect(() => kubeconfigOf(cluster.parse({ kubeconfig: "/nowhere/config" }))).to.throw(
            'the file "/nowhere/config" does not exist',
        );
        expect(kubeconfigOf(cluster.parse({}))).to.equal(undefined);
    });
    it("may be contents on one line, which are never shown", () => {
        const told = (contents: string) =>
            withContents(contents, (settings) => {
                try {
                    return JSON.stringify(contextOf(settings) ?? "none");
                } catch (error) {
                    return (error as Error).message;
                }
            });
        const json = JSON.stringify(parse(kubeconfig("production", servers)));
        expect(told(json)).to.include(servers.production);
        for (const wrong of [
            "apiVersion: v1\nusers: [{name: a, user: {token: 'hunter2}}]\n",
            '{"users": [{"token": "hunter2"}',
            '{"contexts": "hunter2"}',
            "- hunter2\n",
            "hunter2",
            Buffer.from(json).toString("base64"),
        ]) {
            const message = told(wrong);
            expect(message, wrong).to.include("plinth:cluster.kubeconfig: ").and.not.to.include("hunter2");
            expect(message).not.to.include(wrong.slice(0, 20));
        }
    });
    it("directs kubectl to the provider's cluster", () => {
        withContents(kubeconfig("production", servers), (settings) => {
            const [flag, path, ...context] = kubectlArgs({ ...settings, context: "kind-dev" });
            expect([flag, ...context]).to.deep.equal(["--kubeconfig", "--context", "kind-dev"]);
            expect(statSync(path!).mode & 0o777).to.equal(0o600);
        });
    });
    it("is encrypted in the state if given as contents, which include keys and tokens", () => {
        const config = { project: "plinth", stack: "x", cluster: {} } as StackConfig;
        const secretsWith = (given: string) => {
            const { resources } = new PlainPlan([clusterProvider(config, given)], { project: "plinth", stack: "x" });
            return resources.find(({ type }) => type === "pulumi:providers:kubernetes")!.secrets;
        };
        expect(secretsWith(kubeconfig("production", servers))).to.deep.equal(["kubeconfig"]);
        expect(secretsWith("/home/me/.kube/config")).to.deep.equal([]);
    });
    it("distinguishes local clusters from others", () => {
        const local = (name: string, server: string) => isLocal({ name, server });
        expect(local("anything", "https://127.0.0.1:6443")).to.equal(true);
        expect(local("anything", "https://[::1]:6443")).to.equal(true);
        expect(local("minikube", "https://192.168.49.2:8443")).to.equal(true);
        expect(local("production", "https://192.168.49.2:8443")).to.equal(false);
        expect(local("my-minikube-notes", "https://k8s.example.org")).to.equal(false);
        expect(local("production", "https://127.0.0.1.example.org")).to.equal(false);
    });
    it("recognises minikube by its extension, whatever its profile and address", () => {
        const of = (provider: string) => {
            const cluster = { server: "https://192.168.49.2:8443", extensions: [{ extension: { provider } }] };
            const contexts = [{ name: "shop", context: { cluster: "shop" } }];
            const text = stringify({ "current-context": "shop", contexts, clusters: [{ name: "shop", cluster }] });
            return withContents(text, (settings) => isLocal(contextOf(settings)!));
        };
        expect(of("minikube.sigs.k8s.io")).to.equal(true);
        expect(of("example.org")).to.equal(false);
    });
    it("allows a stack without a context on a local cluster only", () => {
        const stack = loadStack({ project: "plinth", stack: "dev", values: {}, encrypted: [] }, []);
        const check = (current: string) => {
            const folder = mkdtempSync(join(tmpdir(), "plinth-kubeconfig-"));
            writeFileSync(join(folder, "config"), kubeconfig(current, servers));
            const restore = changeEnvironment({ KUBECONFIG: join(folder, "config") });
            try {
                checkContext(stack);
            } finally {
                restore();
                rmSync(folder, { recursive: true });
            }
        };
        expect(() => check("production")).to.throw(
            'the current context "production" (https://k8s.example.org:6443) is not a local cluster',
        );
        expect(() => check("kind-dev")).not.to.throw();
    });
});

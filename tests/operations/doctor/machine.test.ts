import { pins } from "../../../operations/engine/archives";
import * as machine from "../../../operations/doctor/machine";
import { expectFinding } from "../../support/doctor";

describe("doctor: this machine", () => {
    const engine = (version: string) => machine.pulumiCli({ engine: { command: "/bin/pulumi", version } });

    it("requires a Pulumi CLI of the SDK's major version, among the tested releases", () => {
        expectFinding(engine(`v${pins.pulumi}`), "ok", pins.pulumi, "/bin/pulumi");
        expectFinding(engine("v3.99.1"), "warning", "v3.99.1", "install");
        expectFinding(engine("v4.0.0"), "problem", "needs 3.x");
        const none = machine.pulumiCli({ engine: { what: "the Pulumi CLI", remedy: "" } });
        expectFinding(none, "warning", `launch fetches ${pins.pulumi}`);
    });
    it("requires the Node.js of package.json, and recommends a newer one", () => {
        expectFinding(machine.nodeVersion({ node: "24.1.0" }), "ok");
        expectFinding(machine.nodeVersion({ node: "20.19.4" }), "warning", "22 or newer");
        expectFinding(machine.nodeVersion({ node: "20.18.0" }), "problem", "required: 20.19");
    });
    it("does not need Go, but warns about an old one", () => {
        expectFinding(machine.goVersion({ go: undefined }), "ok", "not installed");
        expectFinding(machine.goVersion({ go: "go version go1.26.8 linux/amd64" }), "ok", "1.26");
        expectFinding(machine.goVersion({ go: "go version go1.19.8 linux/amd64" }), "warning", "go.dev");
    });
    it("distinguishes held locks from stale ones", () => {
        const lock = (...locks: { pid: number; host: string; alive: boolean }[]) =>
            machine.lock({ locks, stack: "dev" });
        expectFinding(lock(), "ok");
        expectFinding(lock({ pid: 7, host: "here", alive: false }), "problem", "./plinth launch dev --recover");
        const both = lock({ pid: 7, host: "here", alive: false }, { pid: 8, host: "there", alive: true });
        expectFinding(both, "warning", "process 8 on there", "wait");
    });
    it("finds the source of the passphrase or key", () => {
        const provider = (
            environment: Record<string, string>,
            { url = "s3://team", env = {}, named }: { url?: string; env?: Record<string, string>; named?: string } = {},
        ) => machine.secretsProvider({ environment, backend: { url, env }, secretsProvider: named });
        expectFinding(provider({}), "warning", "no passphrase is set");
        expectFinding(provider({}, { named: "awskms://alias/plinth" }), "ok", "awskms://alias/plinth");
        expectFinding(provider({}, { named: "passphrase" }), "warning");
        expectFinding(provider({}, { url: "https://api.pulumi.com" }), "ok", "api.pulumi.com");
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE: "x" }), "ok");
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE: "" }), "warning", "empty");
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE_FILE: __filename }), "ok", __filename);
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere/at/all" }), "problem", "/nowhere/at/all");
        // The stack dev's own one.
        expectFinding(provider({}, { env: { PULUMI_CONFIG_PASSPHRASE_FILE: __filename } }), "ok");
    });
});

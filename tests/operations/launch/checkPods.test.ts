import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import { Project, shopIn } from "../../support/project";
import type { ControlPlane } from "../../support/controlPlane";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

const stack = "production";
const namespace = "opencart-shop";
const from = 'Error from server (Forbidden): error when creating "STDIN": pods "plinth-trial-1" is forbidden: ';
const absent = `Error from server (NotFound): error when creating "STDIN": namespaces "${namespace}" not found\n`;
const quota = `${from}failed quota: team: must specify limits.cpu for: caddy\n`;
const full = `${from}exceeded quota: team, requested: requests.cpu=1, used: requests.cpu=8, limited: requests.cpu=8\n`;
const noAccount = `${from}error looking up service account ${namespace}/shop: serviceaccount "shop" not found\n`;
const policy = `${from.replace(/pods .*$/, "")}admission webhook "validate.kyverno.svc-fail" denied the request: bare pods are not allowed\n`;
const broken =
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook "v.example.org": connection refused\n';
const violated = `${from}violates PodSecurity "restricted:latest": hostNetwork\n`;

describe("a launch, before anything is created", function () {
    this.timeout(120_000);
    const folder = scratch();
    let server: Server;
    let project: Project;
    let programs: StandIns;
    const file = (name: string, content: string) => {
        const path = join(folder.path, name);
        writeFileSync(path, content);
        return path;
    };
    before(async () => {
        server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const clusters = [
            { name: "x", cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } },
        ];
        const contexts = [{ name: "x", context: { cluster: "x", user: "x" } }];
        const kubeconfig = file("kubeconfig", stringify({ clusters, contexts, users: [{ name: "x", user: {} }] }));
        programs = new StandIns(folder.path);
        programs.add(
            "pulumi",
            `case "$1 $2" in "version "*) echo v3.0.0 ;; "stack export") echo '{"deployment":{}}' ;; "stack output") echo '{}' ;; "up "*) mv '${folder.path}/then' '${folder.path}/now' 2>/dev/null || : ;; esac`,
        );
        // Without a complaint, everything is accepted.
        programs.add(
            "kubectl",
            `case "$*" in *" create "*) cat > /dev/null; [ ! -s '${folder.path}/now' ] || { cat '${folder.path}/now' >&2; exit 1; } ;; *get*) cat > /dev/null; echo '{"items":[]}' ;; esac`,
        );
        project = new Project({ kubeconfig, bin: folder.path } as ControlPlane);
        project.write(stack, { "plinth:cluster": { context: "x" }, "plinth:instances": { shop: shopIn(namespace) } });
    });
    after(() => {
        server.close();
        project.clean();
        folder.clean();
    });

    /** @param now what the server says to a pod, and then once the engine has run */
    async function launch(now: string, then = "") {
        file("now", now);
        file("then", then);
        const { environment } = project;
        const { exitCode, all } = await execa(
            process.execPath,
            [join(project.path, "cli", "plinth.cjs"), "launch", stack],
            { ...environment, env: { ...environment.env, PATH: programs.path } },
        );
        const ups = programs.calls().filter((call) => call.startsWith("pulumi up"));
        return { code: exitCode, all: all ?? "", targets: ups.map((call) => call.includes("--target")) };
    }

    it("refuses pods that would not be admitted, with the key to set", async () => {
        const { code, all, targets } = await launch(quota);
        expect(code, all).to.equal(1);
        expect(all)
            .to.match(/failed quota: team: must specify limits\.cpu.*; set plinth:cluster\.cpuLimits: true\n/)
            .and.to.include(`continue: ./plinth launch ${stack}`);
        expect(targets).to.deep.equal([]);
    });

    it("makes the namespace, tries them there, and only then does the rest", async () => {
        const refused = await launch(absent, violated);
        expect(refused.code, refused.all).to.equal(1);
        expect(refused.targets).to.deep.equal([true]);
        expect(refused.all).to.match(/violates PodSecurity .*namespace's label/);
        const { code, all, targets } = await launch(absent);
        expect(code, all).to.equal(0);
        expect(targets).to.deep.equal([true, false]);
    });

    it("warns of policies that may be about bare pods only, and of webhooks that fail", async () => {
        for (const [said, word] of [
            [policy, "bare pods are not allowed"],
            [broken, "have the webhook repaired"],
        ] as const) {
            const { code, all, targets } = await launch(said);
            expect(code, all).to.equal(0);
            expect(all).to.include("The cluster may refuse these pods").and.to.include(word);
            expect(targets).to.deep.equal([false]);
        }
    });

    it("refuses accounts that are missing, unless the stack creates them", async () => {
        const { code, all } = await launch(noAccount);
        expect(code, all).to.equal(1);
        expect(all).to.include("serviceAccount.name to one that exists");
    });

    it("goes on where pods that end may make room in a quota, and says so", async () => {
        const { code, all, targets } = await launch(full, full);
        expect(code, all).to.equal(0);
        expect(targets).to.deep.equal([false]);
        expect(all).to.match(/may have to wait for a quota:\n.*plinth:instances\.shop\.size/);
        expect(readFileSync(join(folder.path, "now"), "utf8")).to.equal(full);
    });
});

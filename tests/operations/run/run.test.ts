import { expect } from "chai";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import type { Pod } from "../../../operations/cluster/live";
import { describeOperations, runOperation, type RunOptions } from "../../../operations/run/run";
import type { Session } from "../../../operations/session";
import { operation, type Operations } from "../../../platforms/operation";
import { at, labelled, ready } from "../../support/observed";

const operations: Operations = {
    migrate: operation({ summary: "Migrate", component: "web", command: () => ["migrate", "now"] }),
    wipe: operation({
        summary: "Delete all pages",
        component: "web",
        container: "tool",
        confirm: "All pages are deleted.",
        command: () => ["wipe"],
    }),
    password: operation({
        summary: "Change a password",
        component: "web",
        arguments: [{ name: "user", description: "who" }],
        asks: {
            password: { purpose: "Password", min: 30, among: { digits: /[0-9]/ } },
            pin: { purpose: "PIN", max: 4 },
        },
        command: ({ user }) => ["passwd", user],
    }),
};
const pod = (name: string, status: Pod["status"], own: object = {}): Pod => ({
    kind: "Pod",
    metadata: labelled("shop", "web", { name, namespace: "wiki-shop", ...own }),
    spec: { nodeName: "a", containers: [{ name: "proxy" }, { name: "web" }] },
    status,
});

describe("an operation of a platform", () => {
    const calls: { readonly args: readonly string[]; readonly input: string | undefined }[] = [];
    beforeEach(() => void calls.splice(0));

    interface Here {
        readonly state?: string;
        readonly pods?: readonly Pod[];
        readonly code?: number;
        readonly offers?: Operations;
        readonly isInSandbox?: boolean;
    }
    const stack = ({
        state = "running",
        pods = [pod("web-1", ready)],
        code = 0,
        offers = operations,
        isInSandbox = false,
    }: Here) => {
        const kubectl = {
            config: { stack: "production" },
            json: (args: readonly string[]) => {
                expect(args.join(" ")).to.equal(
                    "get pods --namespace wiki-shop --selector app.kubernetes.io/instance=shop,app.kubernetes.io/name=web",
                );
                return Promise.resolve({ items: pods });
            },
            attach: (args: readonly string[], input?: string) => {
                calls.push({ args, input });
                return Promise.resolve(code);
            },
        };
        return {
            stack: "production",
            isInSandbox,
            config: () => ({ stack: "production", instances: [{ name: "shop", platform: "wiki", state }] }),
            platforms: () => ({ wiki: { operations: () => offers } }),
            kubectl: () => Promise.resolve(kubectl as unknown as Kubectl),
        } as unknown as Session;
    };
    const run = (name: string, options: Partial<RunOptions> = {}, here: Here = {}, instance = "shop") =>
        runOperation(stack(here), instance, name, { words: [], ...options });
    const refusal = async (...args: Parameters<typeof run>) => {
        const message = await run(...args).then(
            () => "nothing",
            (error: Error) => error.message,
        );
        expect(calls, "what was run all the same").to.deep.equal([]);
        return message;
    };

    it("runs in the main container of a ready pod, without input, and passes its exit code on", async () => {
        const main = { "kubectl.kubernetes.io/default-container": "web" };
        const pods = [
            pod("web-2", {}, { creationTimestamp: "2026-11-02T10:00:00Z" }),
            pod("web-1", ready, { creationTimestamp: at, annotations: main }),
        ];
        expect(await run("migrate", {}, { pods, code: 7 })).to.deep.equal({ code: 7, generated: {} });
        expect(calls).to.deep.equal([
            {
                args: "exec --namespace wiki-shop web-1 --container web -- migrate now".split(" "),
                input: undefined,
            },
        ]);
    });
    it("needs a ready pod, and says why there is none", async () => {
        const starting = pod("web-1", {
            containerStatuses: [
                { name: "web", ready: false, restartCount: 0, state: { waiting: { reason: "ErrImagePull" } } },
            ],
        });
        expect(await refusal("migrate", {}, { pods: [starting] })).to.equal(
            "shop/web has no ready pod; web-1: web: ErrImagePull. See its logs: ./plinth logs shop/web production",
        );
        expect(await refusal("migrate", {}, { pods: [] })).to.equal(
            "shop/web has no pod. Deploy it with: ./plinth launch production",
        );
        expect(await refusal("migrate", {}, { state: "stopped" })).to.equal(
            "Nothing was run: shop is stopped. Start it: ./plinth start production shop",
        );
        expect(await refusal("migrate", {}, { isInSandbox: true })).to.contain(
            "Nothing was run: the stack is deployed to the sandbox",
        );
    });
    it("is suggested if its name is misspelt", async () => {
        expect(await refusal("migarte")).to.equal(
            'wiki has no operation "migarte"; did you mean "migrate"?; available: migrate, wipe, password',
        );
        expect(await refusal("constructor")).to.contain('wiki has no operation "constructor"');
        expect(await refusal("migrate", {}, {}, "shp")).to.contain('no instance "shp"; did you mean "shop"?');
        expect(await refusal("migrate", {}, { offers: {} })).to.contain("The platform wiki has no operations.");
    });
    it("is listed with the others", () => {
        expect(describeOperations(stack({}), "shop")).to.match(
            /migrate +Migrate *\n.*password USER +Change a password/s,
        );
        expect(() => describeOperations(stack({}), "shop", "wpie")).to.throw('did you mean "wipe"?');
    });
    it("is confirmed with the instance's name if it destroys something", async () => {
        const pods = [{ ...pod("web-1", ready), spec: { nodeName: "a", containers: [{ name: "tool" }] } }];
        expect(await refusal("wipe", { yes: "other" }, { pods })).to.contain('"other" does not match');
        await run("wipe", { yes: "shop" }, { pods });
        expect(calls[0]!.args).to.include.members(["tool", "wipe"]);
        calls.splice(0);
        expect(await refusal("wipe", { yes: "shop" })).to.contain('no container "tool"');
    });
    it("gets generated secrets by their rules on its input only; they are shown if it succeeds", async () => {
        const { generated } = await run("password", { words: ["ada"], generate: true });
        expect(generated["password"]).to.match(/^(?=.*[0-9])[A-Za-z0-9]{30}$/);
        expect(generated["pin"]).to.have.length(4);
        const [call] = calls.splice(0);
        expect(call!.input).to.equal(`${generated["password"]}\n${generated["pin"]}\n`);
        expect(call!.args.slice(-5)).to.deep.equal(
            ["web-1", "--container", "proxy", "--stdin", "--", "passwd", "ada"].slice(-5),
        );
        expect(call!.args.join(" ")).not.to.contain(generated["password"]);
        expect((await run("password", { words: ["ada"], generate: true }, { code: 1 })).generated).to.deep.equal({});
        calls.splice(0);
        expect(await refusal("migrate", { generate: true })).to.contain("nothing that --generate could make");
    });
});

import { expect } from "chai";
import { type SourceChange, sourceChanges } from "../../../operations/launch/declaredSource";
import { type FollowArgs, followSources } from "../../../operations/launch/followSources";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import { KubectlError, kubectlFailure } from "../../../operations/cluster/kubectlError";
import type { Pod } from "../../../operations/cluster/live";
import type { RenderedObject } from "../../../operations/render/rendering";
import { UserError } from "../../../operations/system/errors";
import { labelled } from "../../support/observed";

const control = (text: string): RenderedObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "database-source", namespace: "shop" },
    data: { source: text },
});

const spec = (ordinal: number) => ({
    nodeName: `node-${ordinal}`,
    containers: [
        { name: "mariadb" },
        {
            name: "replication",
            env: [{ name: "MEMBER", value: String(ordinal) }],
            volumeMounts: [
                { name: "database-source", mountPath: "/etc/plinth-source" },
                { name: "scripts", mountPath: "/etc/plinth" },
            ],
        },
    ],
    volumes: [
        { name: "scripts", configMap: { name: "database-1234" } },
        { name: "database-source", configMap: { name: "database-source" } },
    ],
});
const names = ["database", "database-1", "database-2"];
const members: RenderedObject[] = names.map((name, ordinal) => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: labelled("shop", name),
    spec: { template: { metadata: { labels: { "plinth.dev/database": "database" } }, spec: spec(ordinal) } },
}));

const pod = (ordinal: number, isRunning = true): Pod => ({
    kind: "Pod",
    metadata: labelled("shop", names[ordinal]!, { name: `${names[ordinal]}-0` }),
    spec: spec(ordinal),
    status: {
        containerStatuses: isRunning
            ? [
                  {
                      name: "replication",
                      ready: true,
                      restartCount: 0,
                      containerID: "containerd://1",
                      state: { running: { startedAt: "2026-11-01T10:00:00Z" } },
                  },
              ]
            : [],
    },
});

const failed = (message: string) => new KubectlError(message, kubectlFailure(message), message);
const forbidden = failed('kubectl failed: Error from server (Forbidden): pods "database-0" is forbidden');

const [before, after] = ["0\nold\n\n", "1\nnew\n\n"];
const change: SourceChange = {
    namespace: "shop",
    name: "shop/database",
    configMap: "database-source",
    before,
    members: "app.kubernetes.io/instance=shop,plinth.dev/database=database",
};
const former = "term old: member 0 is to be the source\nmember 1 is a replica of member 0\n";
const read = "term new: member 1 is to be the source\n";
const opens = `${former}${read}fences member 0\nmember 1 is the source\n`;

/** What a cluster shows: one state for each look at the logs, of which the last stays. */
interface Shown {
    readonly pods?: readonly Pod[];
    /** The supervisors' logs by ordinal. */
    readonly logs: readonly (string | UserError)[];
    readonly touch?: UserError;
}

/** kubectl of a cluster whose ConfigMap changes once the engine has called `declare`. */
function cluster(...looks: readonly Shown[]) {
    const calls: string[] = [];
    let text = before;
    let seen = -1;
    const now = () => looks[Math.max(0, Math.min(seen, looks.length - 1))]!;
    const answer = (args: readonly string[]): string | UserError => {
        const [verb, what, name = ""] = args;
        if (verb === "get" && what === "configmap") return JSON.stringify(control(text));
        if (verb === "get" && what === "pods") {
            seen += 1;
            return JSON.stringify({ items: now().pods ?? [0, 1, 2].map((ordinal) => pod(ordinal)) });
        }
        if (verb === "logs") return now().logs[names.indexOf(what!.replace(/-0$/, ""))] ?? former;
        if (verb === "annotate") return now().touch ?? `${name} annotated`;
        throw new Error(`unexpected: kubectl ${args.join(" ")}`);
    };
    const reading = (args: readonly string[]): Promise<string> => {
        calls.push(args.join(" "));
        const said = answer(args);
        return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
    };
    const quiet = {
        read: reading,
        json: async (args: readonly string[]) => JSON.parse(await reading(args)) as unknown,
    };
    return {
        calls,
        declare: (declared = after) => (text = declared),
        kubectl: { quiet, config: { stack: "production" } } as unknown as Kubectl,
    };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const fast = { interval: 5, again: 20, timeout: 60_000, decision: 60_000, patience: 50 };
const touches = (calls: readonly string[]) => calls.filter((call) => call.startsWith("annotate"));

/** Follows a run that declares the source; returns the result, and what the user saw. */
async function following(shown: ReturnType<typeof cluster>, up?: () => Promise<void>, args: FollowArgs = {}) {
    const words: string[] = [];
    const { error } = console;
    console.error = (line: string) => words.push(line);
    try {
        const engine = up ?? (() => Promise.resolve(void shown.declare()));
        return {
            closed: await followSources(shown.kubectl, [change], engine, { ...fast, ...args }),
            words: words.join("\n"),
        };
    } finally {
        console.error = error;
    }
}

describe("a launch that declares another source of a database", () => {
    it("is recognised by the file that the members read, whatever its term", () => {
        const changes = (wanted: string, live: string) => sourceChanges([...members, control(wanted)], [control(live)]);
        expect(changes("1\nplaceholder\n\n", before)).to.deep.equal([change]);
        expect(changes("0\nplaceholder\n2\n", before)).to.have.length(1);
        expect(changes("0\nplaceholder\n\n", before)).to.deep.equal([]);
        // A new database starts with what is declared, and so does one that was a single server.
        expect(sourceChanges([...members, control("1\nplaceholder\n\n")], [])).to.deep.equal([]);
    });

    it("has its members told while the engine still runs, and is over once the new source takes writes", async () => {
        const all = [`${former}${read}`, opens, `${former}${read}member 2 is a replica of member 1\n`];
        const shown = cluster({ logs: [former, former, former] }, { logs: all });
        const { closed, words } = await following(shown, async () => {
            await pause(30);
            expect(touches(shown.calls)).to.deep.equal([]);
            shown.declare();
            while (touches(shown.calls).length === 0) await pause(5);
            expect(touches(shown.calls)[0]).to.match(
                /^annotate pods --selector app.kubernetes.io\/instance=shop,plinth.dev\/database=database --namespace shop --overwrite plinth.dev\/looked-again=20/,
            );
        });
        expect(closed).to.deep.equal([]);
        expect(words)
            .to.include("shop/database: member 1 is to be the source")
            .and.to.match(/shop\/database: member 1 is the source and takes writes$/);
    });

    it("has them told again while one has not read it, and shows what the new source does", async () => {
        const lagging = Array.from({ length: 20 }, () => ({
            logs: [former, `${former}${read}fences member 0\n`, former],
        }));
        const shown = cluster(...lagging, { logs: [read, opens, read] });
        const { closed, words } = await following(shown);
        expect(closed).to.deep.equal([]);
        expect(touches(shown.calls).length).to.be.greaterThan(2);
        expect(words).to.include("shop/database: database-1-0: fences member 0");
    });

    it("names members that do not follow, but does not fail once the source takes writes", async () => {
        const silent = failed("kubectl logs failed: dial tcp 10.0.0.1:10250: i/o timeout");
        const { closed, words } = await following(cluster({ logs: [silent, opens, read] }));
        expect(closed).to.deep.equal([]);
        expect(words).to.include("database-0 on node-0: kubectl logs failed: dial tcp 10.0.0.1:10250: i/o timeout");
        // A pod without containers starts with what is declared.
        const gone = await following(cluster({ pods: [pod(0, false), pod(1), pod(2)], logs: [silent, opens, read] }));
        expect(gone.words).not.to.include("database-0");
    });

    it("fails with the new source's own words if it does not open, early where its user has to decide", async () => {
        const closed = async (log: string, args: FollowArgs) =>
            (await following(cluster({ logs: [read, log, read] }), undefined, args)).closed;
        const waits = "waits for member 2, which applies what it has received";
        expect(await closed(`${read}${waits}\n`, { timeout: 100 })).to.deep.equal([
            `shop/database takes no writes: member 1 is declared its source, but ${waits}`,
        ]);
        const lacks = "waits for member 2, which may have what this one lacks; set database.lost: [2]";
        const started = Date.now();
        expect((await closed(`${read}${lacks}\n`, { decision: 50 }))[0]).to.include(lacks);
        expect(Date.now() - started).to.be.lessThan(30_000);
        expect((await closed(former, { timeout: 100 }))[0]).to.include("has not read that yet");
    });

    it("does not take an older term's source, or one that has closed again, for the new one", async () => {
        const closes = `${opens}was fenced or replaced by another member, and waits to be told why\n`;
        for (const log of ["term older: member 1 is to be the source\nmember 1 is the source\n", closes]) {
            const { closed } = await following(cluster({ logs: [read, log, read] }), undefined, { timeout: 100 });
            expect(closed).to.have.length(1);
        }
    });

    it("waits for nothing if the engine fails, but has the members told if it had declared the source", async () => {
        const engine = new UserError("the engine failed");
        const fails = (shown: ReturnType<typeof cluster>, declares: boolean) =>
            following(shown, () => {
                if (declares) shown.declare();
                return Promise.reject(engine);
            }).catch((error: unknown) => error);
        const told = cluster({ logs: [former, former, former] });
        expect(await fails(told, true)).to.equal(engine);
        expect(touches(told.calls)).to.have.length(1);
        const untold = cluster({ logs: [former, former, former] });
        expect(await fails(untold, false)).to.equal(engine);
        expect(touches(untold.calls)).to.deep.equal([]);
    });

    it("only warns an account that may not annotate pods or read logs", async () => {
        const slow = Array.from({ length: 15 }, () => ({ logs: [former, former, former], touch: forbidden }));
        const shown = cluster(...slow, { logs: [read, opens, read] });
        const { closed, words } = await following(shown);
        expect(closed).to.deep.equal([]);
        expect(touches(shown.calls)).to.have.length(1);
        expect(words).to.include("within two minutes").and.to.include("./plinth rbac production");
        const blind = await following(cluster({ logs: [former, forbidden, former] }));
        expect(blind.closed).to.deep.equal([]);
        expect(blind.words).to.include("could not be verified");
    });

    it("is over at once where no member runs, as on simulated nodes", async () => {
        const { closed } = await following(cluster({ pods: [pod(0, false), pod(1, false)], logs: [] }));
        expect(closed).to.deep.equal([]);
    });
});

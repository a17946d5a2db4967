import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { merge } from "../../config/merge";
import type { ControlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { Visitor } from "../support/visitor";
import { Beside } from "./beside";
import { LiveNamespace } from "./cluster";
import { Load, type LoadArgs } from "./load";
import { MailSink } from "./mailSink";
import type { Subject } from "./subject";
import { Writer } from "./writer";

type Keys = Readonly<Record<string, unknown>>;

/** What `npm run test:live` was given; see run.ts. */
export interface LiveOptions {
    readonly context: string;
    readonly address?: string;
    /** `config` of a stack file. */
    readonly stackConfig: Keys;
    /** Whether the project's own images are built and loaded into the local cluster first. */
    readonly build: boolean;
    /** Folder with what an instance uses outside of itself, `SUITE.yaml` for each suite that has such; see Beside. */
    readonly beside?: string;
    /** Folder for the projects, which are left there with their instances; a run goes on with what it finds. */
    readonly work?: string;
    /** File for the figures. */
    readonly report?: string;
}

/** One deployed instance: how the suite changes it, and how it looks from outside. */
export class Live {
    /** Of its own, because a cluster tells stacks apart by their names. */
    readonly stack: string;
    readonly instance = "site";
    readonly host: string;
    readonly project: Project;
    readonly place: LiveNamespace;
    readonly sink: MailSink;
    readonly beside: Beside;
    /** What a subject keeps between steps, such as a visitor with a session. */
    readonly memory = new Map<string, string>();
    private readonly rows: number[] = [];
    /** What asks and writes in a step. */
    private readonly traffic: { stop(): Promise<unknown> }[] = [];
    private next = 1;
    private changes: Keys = {};
    private base = "";

    constructor(
        readonly subject: Subject,
        readonly cluster: ControlPlane,
        private readonly options: LiveOptions,
    ) {
        this.stack = `live-${subject.name}`;
        this.host = `${subject.name}.example.org`;
        this.project = new Project(cluster, options.work && join(options.work, subject.name));
        this.place = new LiveNamespace(cluster, `live-${subject.name}`, options.address);
        this.sink = new MailSink(cluster, `live-${subject.name}-mail`);
        this.beside = new Beside(cluster, subject.name, options.beside);
    }

    /** Writes the stack's file with more changes of the instance. What commands have written there stays. */
    configure(changes: Keys): void {
        const {
            platform,
            instance,
            tiers,
            backup,
            interpreter,
            mailTo = interpreter ? byMail : () => ({}),
        } = this.subject;
        this.changes = merge(this.changes, changes) as Keys;
        const replicas = Object.fromEntries(tiers.filter(({ pods }) => pods > 1).map((tier) => [tier.component, 2]));
        const own = {
            "plinth:cluster": { context: this.options.context, loadBalancer: false },
            "plinth:protect": false,
            "plinth:instances": {
                [this.instance]: merge(
                    {
                        platform,
                        namespace: this.place.name,
                        host: this.host,
                        tls: { mode: "off" },
                        sharedFiles: "oneNode",
                        edge: { type: "NodePort", externalTrafficPolicy: "Cluster" },
                        ...mailTo(this.sink.host),
                        ...(backup ? { backup: { target: { type: "volume" } } } : {}),
                        replicas,
                    },
                    merge(instance, this.changes),
                ),
            },
        };
        const secrets = this.file()["plinth:secrets"];
        this.project.write(
            this.stack,
            merge(merge(own, this.options.stackConfig), secrets ? { "plinth:secrets": secrets } : {}) as object,
        );
    }

    /** Writes down what later steps must know, for a run that goes on. */
    remember(): void {
        const { rows, next, changes } = this;
        const memory = Object.fromEntries(this.memory);
        writeFileSync(this.notes, JSON.stringify({ rows, next, changes, memory } satisfies Notes));
    }

    /** @returns whether an earlier run has left something that this one can go on with */
    recall(): boolean {
        if (!existsSync(this.notes)) return false;
        const { rows, next, changes, memory } = JSON.parse(readFileSync(this.notes, "utf8")) as Notes;
        this.keep(rows);
        this.next = next;
        this.changes = changes;
        for (const [key, value] of Object.entries(memory)) this.memory.set(key, value);
        return true;
    }

    private get notes(): string {
        return join(this.project.path, "live.json");
    }

    private file(): Keys {
        try {
            const text = readFileSync(join(this.project.path, `Pulumi.${this.stack}.yaml`), "utf8");
            return (parse(text) as { config?: Keys }).config ?? {};
        } catch {
            return {};
        }
    }

    /** Whether the stack has this component outside of the cluster, so that it has no pods. */
    isOutside(component: string): boolean {
        const [one] = Object.values(this.file()["plinth:instances"] as Readonly<Record<string, Keys>>);
        return (one![component] as Keys | undefined)?.["topology"] === "external";
    }

    /** Runs a command of Plinth that must succeed. @returns what it prints on standard output */
    plinth = async (...args: string[]): Promise<string> => outputOf(args, await this.project.plinth(...args));

    /** The same for a command that reads a secret. */
    plinthGiven = async (secret: string, ...args: string[]): Promise<string> =>
        outputOf(args, await this.project.given(secret, ...args));

    /** Finds the balancer's address again, which another Service may have. */
    async locate(): Promise<void> {
        this.base = await this.place.url("edge");
    }

    /** @param host of the instance's. @default its first */
    visitor(host = this.host): Visitor {
        return new Visitor({ url: this.base }, host, "http", false);
    }

    load(args: Partial<LoadArgs> = {}): Load {
        const load = new Load({ url: () => this.base, host: this.host, pages: this.subject.pages, ...args });
        this.traffic.push(load);
        return load;
    }

    sql = (statement: string): Promise<string> => this.subject.sql(this, statement);

    /** Writes numbered rows until it is stopped. */
    async writer(): Promise<Writer> {
        const { component, container, command } = this.subject.writer;
        const first = this.next;
        // Numbers of rows that were sent but not acknowledged are not used again.
        this.next += 1_000_000;
        const writer = new Writer(await this.place.execCommand(component, container, [...command, String(first)]));
        this.traffic.push(writer);
        return writer;
    }

    /** Ends the visitors and writers of a step, which may have failed before it did. */
    async quiet(): Promise<void> {
        await Promise.all(this.traffic.splice(0).map((one) => one.stop()));
    }

    /** Adds rows to those that must be there. */
    keep(acknowledged: readonly number[]): void {
        for (const row of acknowledged) this.rows.push(row);
    }

    /** Number of acknowledged rows, all of which are there. @throws if one is missing, or anything else that was left */
    async expectKept(): Promise<number> {
        const there = new Set((await this.sql("SELECT n FROM plinth_live")).split("\n").map(Number));
        const lost = this.rows.filter((row) => !there.has(row));
        expect(lost, `acknowledged rows that are lost, of ${this.rows.length}`).to.deep.equal([]);
        await this.subject.kept(this);
        return this.rows.length;
    }
}

interface Notes {
    readonly rows: readonly number[];
    readonly next: number;
    readonly changes: Keys;
    readonly memory: Readonly<Record<string, string>>;
}

const byMail = (host: string): Keys => ({ mail: { host, port: 25 } });

function outputOf(args: readonly string[], { code, all, out }: Ran): string {
    expect(code, `plinth ${args.join(" ")}\n${all}`).to.equal(0);
    return out.trim();
}

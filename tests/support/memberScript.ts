import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MemberModel, ModelServer } from "./memberModel";

/** Seconds of the model between two looks of a supervisor. */
export const tick = 0.5;

/** One thing that a script has asked for, and that the schedule has not answered yet. */
interface Request {
    readonly kind: "sleep" | "sql";
    readonly wakes: number;
    /** Whom it asks. */
    readonly to?: ModelServer;
    readonly statements: string[];
    output: string;
}

export type Script = "supervise" | "start";

/** A script of a member that runs, until its next question to the model. */
export class Running {
    request: Request | undefined;
    private readonly child: ChildProcess;
    private readonly input: NodeJS.WritableStream;
    errors = "";
    hasEnded = false;

    constructor(
        readonly member: ScheduledMember,
        script: Script,
        shell: readonly string[],
        folder: string,
        env: Readonly<Record<string, string>>,
        hear: () => void,
    ) {
        const [program, ...args] = [...shell, join(folder, `run-${script}.sh`)];
        this.child = spawn(program!, args, {
            env: { ...env, PATH: `${folder}:${process.env["PATH"]}` },
            stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
            detached: true,
        });
        this.child.stdout!.on("data", (data: Buffer) => (member.said += data.toString()));
        this.child.stderr!.on("data", (data: Buffer) => (this.errors += data.toString()));
        this.input = this.child.stdio[4] as unknown as NodeJS.WritableStream;
        this.input.on("error", () => undefined);
        let heard = "";
        this.child.stdio[3]!.on("data", (data: Buffer) => {
            heard += data.toString();
            if (!heard.endsWith("\n@end\n")) return;
            this.take(heard.slice(0, -"\n@end\n".length).split("\n"));
            heard = "";
            hear();
        });
        this.child.once("exit", () => {
            this.hasEnded = true;
            hear();
        });
    }

    private take([program, ...words]: string[]): void {
        const { model, server } = this.member;
        if (program === "date") return this.answer(0, `${Math.floor(model.time)}\n`);
        if (program === "sleep")
            return void (this.request = { kind: "sleep", wakes: model.time + tick, statements: [], output: "" });
        if (program === "start") {
            model.start(server, words.join(" "));
            return this.answer(0, "");
        }
        const text = words.join("\n");
        const whole = /--execute=([\s\S]*)$/.exec(text)![1]!.trim();
        const host = /^--host=m(\d)$/m.exec(text);
        const isOne = whole.includes("AS Closed") || whole.includes("information_schema");
        const statements = isOne ? [whole] : whole.split(";").map((one) => one.trim().replace(/\s+/g, " "));
        this.request = {
            kind: "sql",
            wakes: model.time,
            to: host ? model.servers[Number(host[1])]! : server,
            statements: statements.filter((one) => one !== ""),
            output: "",
        };
    }

    /** Runs the next statement, and answers after the last one. */
    proceed(): void {
        const { kind, to, statements } = this.request!;
        if (kind === "sleep") return this.answer(0, "");
        const output = this.member.model.execute(this.member.server, to!, statements.shift()!);
        this.request!.output += output ?? "";
        if (output === undefined) this.answer(1, this.request!.output);
        else if (statements.length === 0) this.answer(0, this.request!.output);
    }

    private answer(status: number, output: string): void {
        this.request = undefined;
        this.input.write(`${status}\n${output}@end\n`);
    }

    kill(): void {
        try {
            process.kill(-this.child.pid!, "SIGKILL");
        } catch {
            // It has ended.
        }
    }
}

/** A member's files, and its scripts that run. */
export class ScheduledMember {
    said = "";
    supervisor: Running | undefined;
    starting: Running | undefined;
    /** Which of the declarations its file has. */
    told = 0;
    readonly env: Readonly<Record<string, string>>;

    constructor(
        readonly model: MemberModel,
        readonly server: ModelServer,
        readonly folder: string,
        files: string,
    ) {
        for (const name of ["control", "data/mysql", "run"]) mkdirSync(join(folder, name), { recursive: true });
        this.env = {
            ...{ MEMBER: String(server.ordinal), HOSTS: model.servers.map((_, other) => `m${other}:3306`).join(" ") },
            ...{ CONTROL: join(folder, "control"), DATA: join(folder, "data"), RUN: join(folder, "run") },
            ...{ MARIADB_USER: "shop", MARIADB_ROOT_PASSWORD: "root", REPLICATION_PASSWORD: "replica" },
            ...{ STATEMENTS: join(files, "accounts.sql"), PERIOD: "1", GRACE: "2", NOTICE: "1", PATIENCE: "8" },
        };
        const role = server.ordinal === 0 ? "source" : "replica";
        const notes = `server_id ${101 + server.ordinal}\nrole ${role}\nled ${role === "source" ? "t0" : ""}\nalone no\n`;
        writeFileSync(join(folder, "data/plinth-member"), notes);
        writeFileSync(join(folder, "data/binlog.000001"), "");
        this.tell(0, 0);
    }

    tell(term: number, source: number): void {
        this.told = this.server.told = term;
        const path = join(this.folder, "control/source");
        writeFileSync(`${path}.new`, `${source}\nt${term}\n\n`);
        renameSync(`${path}.new`, path);
    }
}

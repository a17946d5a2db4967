import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startScript } from "../../components/database/mysql";
import { supervisorName } from "../../components/database/replication";
import { find, type Sent } from "./declare";
import { ownDirectory, run } from "./datadir";

/**
 * The stand-in for the image's entrypoint: a new data directory gets the accounts that the image makes, no others, from
 * a temporary server on the very socket of the real one.
 */
const entrypoint = `#!/bin/sh
set -eu
server=$1
own="--defaults-file=$CNF --datadir=$DATA --socket=$RUN/mysqld.sock --pid-file=$RUN/mysqld.pid"
shift
if [ ! -d "$DATA/mysql" ]; then
    mariadb-install-db --no-defaults --cross-bootstrap --datadir="$DATA" --auth-root-authentication-method=normal --skip-test-db --skip-log-bin >/dev/null
    grep -v 'plinth-replication' "$STATEMENTS" | sed '/sql_log_bin/d' >"$RUN/first.sql"
    "$server" $own --skip-networking --init-file="$RUN/first.sql" "$@" &
    # As the image does: a server of 11.8 that is to end before it has started never does.
    until mariadb-admin --no-defaults --skip-ssl --socket="$RUN/mysqld.sock" ping >/dev/null 2>&1; do sleep 0.1; done
    # As long as the image needs for what is in its directory of further statements.
    sleep 1.5
    kill $!
    wait $!
fi
exec "$server" $own --bind-address=127.0.0.1 --port="$MYSQL_TCP_PORT" "$@"
`;

/** Runs a script with a record of its lines in the file TRACE. */
const tracing = `exec 9>>"$TRACE"; BASH_XTRACEFD=9; PS4='+\${BASH_SOURCE##*/} $LINENO '; set -x; . "$0"`;

type Variable = { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } };

/** A pod of a replicated database as processes of this machine: its rendered files and environment, on loopback. */
export class Member {
    readonly data: string;
    readonly run: string;
    private readonly files: string;
    private readonly trace: string;
    private readonly processes = new Map<string, ChildProcess>();
    private objects: readonly Sent[] = [];
    private isAlone = false;
    log = "";
    /** Folder with the programs of another version. */
    programs = "/usr/sbin";

    constructor(
        folder: string,
        readonly ordinal: number,
        private readonly ports: readonly number[],
        private readonly user: { uid?: number; gid?: number },
    ) {
        const own = join(folder, String(ordinal));
        for (const path of [own, join(own, "volume")]) ownDirectory(path, user);
        this.data = ownDirectory(join(own, "volume", "data"), user);
        this.run = ownDirectory(join(own, "run"), user);
        this.files = join(own, "files");
        this.trace = join(this.run, "trace");
        mkdirSync(this.files);
        writeFileSync(join(this.files, "docker-entrypoint.sh"), entrypoint);
        chmodSync(join(this.files, "docker-entrypoint.sh"), 0o755);
    }

    get port(): number {
        return this.ports[this.ordinal]!;
    }

    private get name(): string {
        return this.ordinal === 0 || this.isAlone ? "database" : `database-${this.ordinal}`;
    }

    /** Applies a run's objects. The file that declares the source also changes under running servers. */
    take(objects: readonly Sent[]): void {
        this.objects = objects;
        this.isAlone = false;
        const { data } = find(objects, "ConfigMap", this.name);
        for (const [name, text] of Object.entries(data)) writeFileSync(join(this.files, name), text as string);
        writeFileSync(join(this.files, "init.sql"), find(objects, "Secret", "database-root").stringData["init.sql"]);
        mkdirSync(join(this.files, "control"), { recursive: true });
        const { source } = find(objects, "ConfigMap", "database-source").data;
        writeFileSync(join(this.files, "control", "source"), source);
    }

    /** Starts as a single server. */
    alone(objects: readonly Sent[]): void {
        this.objects = objects;
        this.isAlone = true;
        const statements = join(this.files, "init.sql");
        writeFileSync(statements, find(objects, "Secret", "database-root").stringData["init.sql"]);
        writeFileSync(join(this.files, "plinth.cnf"), find(objects, "ConfigMap", "database").data["plinth.cnf"]);
        writeFileSync(join(this.files, "start.sh"), startScript("mariadb", this.data, statements, this.run));
        this.start("mariadb");
    }

    private env(container: { env: Variable[] }): Record<string, string> {
        const own = container.env.map(({ name, value, valueFrom }) => {
            const ref = valueFrom?.secretKeyRef;
            return [name, ref ? find(this.objects, "Secret", ref.name).stringData[ref.key] : value] as const;
        });
        return {
            PATH: `${this.files}:${this.programs}:/usr/sbin:${process.env["PATH"]}`,
            ...Object.fromEntries(own),
            HOSTS: this.ports.map((port) => `127.0.0.1:${port}`).join(" "),
            CONTROL: join(this.files, "control"),
            DATA: this.data,
            RUN: this.run,
            // A server that starts deletes what others have in a common directory for temporary tables.
            TMPDIR: this.run,
            CNF: join(this.files, "plinth.cnf"),
            STATEMENTS: join(this.files, "init.sql"),
            MYSQL_TCP_PORT: String(this.port),
            PERIOD: "2",
            GRACE: "12",
            NOTICE: "1",
            PATIENCE: "20",
            TRACE: this.trace,
        };
    }

    private container(name: string): { env: Variable[]; command: string[] } {
        const { spec } = find(this.objects, "StatefulSet", this.name).spec.template;
        return [...spec.initContainers, ...spec.containers].find((one: { name: string }) => one.name === name);
    }

    private command(command: readonly string[]): string[] {
        return command.map((word) => word.replace("/etc/plinth/", `${this.files}/`));
    }

    private start(name: string): ChildProcess {
        const one = this.container(name);
        const [shell, ...words] = this.command(one.command);
        const isTraced = name === supervisorName;
        const [program, args] = isTraced ? ["bash", ["--posix", "-c", tracing, ...words]] : [shell!, words];
        const child = spawn(program, args, { env: this.env(one), ...this.user, stdio: ["ignore", "pipe", "pipe"] });
        for (const stream of [child.stdout!, child.stderr!])
            stream.on("data", (data: Buffer) => (this.log += data.toString().replace(/^(?=.)/gm, `${name}: `)));
        this.processes.set(name, child);
        return child;
    }

    /** Starts as a pod does: first what fills the volume, then the server and its supervisor. */
    async up(): Promise<void> {
        const status = await ended(this.start("seed"));
        if (status !== 0) throw new Error(`seed ended with ${status}: ${this.log}`);
        this.start("mariadb");
        this.start("replication");
    }

    /** The server is killed, and its container restarts. */
    async crash(): Promise<void> {
        const server = this.processes.get("mariadb")!;
        server.kill("SIGKILL");
        await ended(server);
        this.start("mariadb");
    }

    /** Only the first step, for an aborted copy. */
    seed(): ChildProcess {
        return this.start("seed");
    }

    /** Has the supervisor do nothing. @returns ends that */
    pause(): () => void {
        const supervisor = this.processes.get(supervisorName)!;
        supervisor.kill("SIGSTOP");
        return () => supervisor.kill("SIGCONT");
    }

    /** Ends all processes: by killing them, or as for a deleted pod. */
    async down(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
        const running = [...this.processes.values()].filter(isRunning);
        // The server first, as in an outage: the supervisor does not see it coming.
        for (const child of running) child.kill(signal);
        await Promise.all(running.map(ended));
        this.processes.clear();
    }

    /** Whether the readiness probe succeeds. */
    get ready(): boolean {
        const { readinessProbe, env } = this.container("mariadb") as unknown as {
            env: Variable[];
            readinessProbe: { exec: { command: string[] } };
        };
        return run(this.command(readinessProbe.exec.command), { env: this.env({ env }) }).status === 0;
    }

    sql(
        statement: string,
        account = "opencart",
        database = "open_cart",
    ): { status: number | null; stdout: string; stderr: string } {
        return run(
            [
                ...["mariadb", "--no-defaults", "--batch", "--raw", "--skip-column-names", "--host=127.0.0.1"],
                ...[`--port=${this.port}`, `--user=${account}`, database],
            ],
            { env: { MYSQL_PWD: this.password(account) }, input: statement },
        );
    }

    /** A client that inserts rows one by one, until its server takes no more; returns the acknowledged ones. */
    writer(table: string, from: number, first = ""): { done: Promise<number[]>; stop: () => void } {
        const child = this.client();
        let output = "";
        child.stdout!.on("data", (data: Buffer) => (output += data.toString()));
        child.stdin!.on("error", () => undefined);
        child.stdin!.write(first);
        for (let id = from; id < from + 20_000; id++)
            child.stdin!.write(`INSERT INTO ${table} VALUES (${id}); SELECT ${id};\n`);
        const done = ended(child).then(() => output.split("\n").slice(0, -1).map(Number));
        return { done, stop: () => child.kill("SIGTERM") };
    }

    /** One row, by a connection of its own; whether it is acknowledged. */
    async write(table: string, id: number): Promise<boolean> {
        const child = this.client("opencart", "--connect-timeout=2");
        child.stdin!.on("error", () => undefined);
        child.stdin!.end(`INSERT INTO ${table} VALUES (${id});\n`);
        return (await ended(child)) === 0;
    }

    /** Keeps others from changing a table, from now on; as root from closing the server, too. @returns ends that */
    async hold(table: string, account = "opencart"): Promise<() => void> {
        const child = this.client(account);
        child.stdin!.write(`LOCK TABLES ${table} ${account === "root" ? "WRITE" : "READ"};\nSELECT 'held';\n`);
        await once(child.stdout!, "data");
        return () => child.stdin!.end();
    }

    /** A connection that stays. */
    private client(account = "opencart", ...more: string[]): ChildProcess {
        return spawn(
            "mariadb",
            [
                ...["--no-defaults", "--batch", "--unbuffered", "--skip-column-names", "--skip-reconnect"],
                ...["--host=127.0.0.1", `--port=${this.port}`, `--user=${account}`, ...more, "open_cart"],
            ],
            { env: { ...process.env, MYSQL_PWD: this.password(account) }, stdio: ["pipe", "pipe", "ignore"] },
        );
    }

    private password(account: string): string {
        const [secret, key] = account === "root" ? ["database-root", "rootPassword"] : ["database", "password"];
        return find(this.objects, "Secret", secret!).stringData[key!];
    }

    ask(statement: string, account?: string, database?: string): string {
        const { status, stdout, stderr } = this.sql(statement, account, database);
        if (status !== 0) throw new Error(`member ${this.ordinal}: ${stderr}`);
        return stdout.trim();
    }

    /** What the supervisor has said. */
    get said(): string {
        return this.log.replace(/^(?!replication: ).*\n/gm, "").replaceAll("replication: ", "");
    }

    /** Commands of a script that its supervisor has run, each as the number of its line and its first word. */
    commandsOf(script: string): string[] {
        const lines = readFileSync(this.trace, "utf8").matchAll(/^\++(\S+) (\d+ [^\s=]+)/gm);
        return [...lines].filter(([, name]) => name === script).map(([, , command]) => command!);
    }

    /** Records of the member. */
    get notes(): string {
        const path = join(this.data, "plinth-member");
        return existsSync(path) ? readFileSync(path, "utf8") : "";
    }
}

/** What a client has seen that writes all the time, as the application's requests do, each by a new connection. */
export interface Written {
    readonly acknowledged: readonly number[];
    /** Milliseconds from the first refused row to the next acknowledged one; undefined if none was refused. */
    readonly refused: number | undefined;
}

/**
 * Writes rows one after the other to the member that a Service would lead to.
 *
 * @returns ends it once the last row is acknowledged
 */
export function writing(table: string, from: number, target: () => Member): () => Promise<Written> {
    const acknowledged: number[] = [];
    let [first, until] = [0, 0];
    let isOver = false;
    const done = (async () => {
        for (let id = from; ; id++) {
            const began = Date.now();
            if (await target().write(table, id)) {
                acknowledged.push(id);
                if (first > 0) until = until || Date.now();
                if (isOver) return;
            } else {
                first = first || began;
                until = 0;
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
        }
    })();
    return async () => {
        isOver = true;
        await done;
        return { acknowledged, refused: first > 0 ? until - first : undefined };
    };
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

const ended = (child: ChildProcess): Promise<number | null> =>
    isRunning(child) ? new Promise((resolve) => child.once("exit", resolve)) : Promise.resolve(child.exitCode);

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../../components/database";
import type { GaleraConfig } from "../../config/database";
import { run } from "./datadir";
import { declare, find, type Sent } from "./declare";
import { LocalPod } from "./localPod";
import { NameServer } from "./nameServer";
import { until } from "./until";
import { type Connection, PodNetwork } from "./podNetwork";
import type { Daemon } from "./tools";

export const passwords = { databasePassword: "erstes$Wort'", databaseRootPassword: "wurzel" };

/** The objects of a cluster of three. */
export async function galeraObjects(more: Partial<GaleraConfig> = {}): Promise<Sent[]> {
    const { objects } = await declare(
        (instance) =>
            new Database(instance, "database", {
                config: { topology: "galera", engine: "mariadb", members: 3, ...more },
                database: "open_cart",
                user: "opencart",
                resources: { cpu: "100m", memory: "512Mi" },
                size: "2Gi",
            }),
        { values: { secrets: { bench: passwords } }, instance: {} },
    );
    return objects;
}

/**
 * The stand-in for the image's entrypoint: a new data directory gets the accounts that the image makes, no others, from
 * a temporary server that gets the arguments of the real one.
 */
const entrypoint = `#!/bin/sh
set -eu
if [ ! -d /var/lib/mysql/mysql ]; then
    shift
    mariadb-install-db --datadir=/var/lib/mysql --auth-root-authentication-method=normal "$@" --cross-bootstrap \\
        --skip-test-db --skip-log-bin >/dev/null
    sed '/sql_log_bin/d; /wsrep_on/d;' /etc/plinth-accounts/init.sql >/run/mysqld/first.sql
    mariadbd "$@" --skip-networking --socket=/run/mysqld/mysqld.sock --wsrep_on=OFF --init-file=/run/mysqld/first.sql &
    until mariadb-admin --no-defaults --skip-ssl --socket=/run/mysqld/mysqld.sock ping >/dev/null 2>&1; do sleep 0.1; done
    kill $!
    wait $!
    set -- mariadbd "$@"
fi
exec "$@"
`;

const host = (ordinal: number): string => `database-${ordinal}.database-members.bench.svc.cluster.local`;
const beside = ["supervisor", "proxy"] as const;
type Container = "mariadb" | (typeof beside)[number];

/** A member's rendered pod: its containers, each restarted when it ends, as by the kubelet. */
export class GaleraMember {
    private pod!: LocalPod;
    private readonly daemons = new Map<Container, Daemon>();
    private readonly logs: string[] = [];
    private isUp = false;

    constructor(
        private readonly folder: string,
        readonly ordinal: number,
        private readonly network: PodNetwork,
        readonly connection: Connection,
    ) {}

    private get hostname(): string {
        return `database-${this.ordinal}`;
    }

    private get volume(): string {
        return join(this.folder, "claims", `data-${this.hostname}`);
    }

    /** Directory of the server's data, on the claim. */
    get data(): string {
        return join(this.volume, "data");
    }

    /** A new pod. */
    async up(objects: readonly Sent[]): Promise<void> {
        const owner = find(objects, "StatefulSet", "database");
        this.pod = new LocalPod(owner, objects, this.folder, this.hostname, {
            connection: this.connection,
            env: { HOSTNAME: this.hostname, PATH: "/opt/image:/usr/sbin:/usr/bin:/sbin:/bin" },
        });
        const at = (path: string) => join(this.pod.root, path);
        for (const path of ["opt/image", "etc/mysql"]) mkdirSync(at(path), { recursive: true });
        writeFileSync(at("opt/image/docker-entrypoint.sh"), entrypoint);
        chmodSync(at("opt/image/docker-entrypoint.sh"), 0o755);
        writeFileSync(at("etc/mysql/my.cnf"), "!includedir /etc/mysql/conf.d/\n");
        this.pod.provide("/etc/alternatives");
        writeFileSync(at("etc/passwd"), "mysql:x:999:999::/:/bin/sh\n");
        writeFileSync(at("etc/resolv.conf"), `nameserver ${this.network.machine}\noptions timeout:1 attempts:1\n`);
        for (const name of this.pod.containers)
            if (name !== "mariadb" && !(beside as readonly string[]).includes(name)) await this.pod.complete(name);
        this.isUp = true;
        for (const name of ["mariadb", ...beside] as const) this.start(name);
    }

    private start(name: Container): void {
        const daemon = this.pod.startContainer(name);
        this.daemons.set(name, daemon);
        void daemon.exited.then(async (code) => {
            this.logs.push(`${daemon.output.replace(/^(?=.)/gm, `${name}: `)}${name} ended with ${code}\n`);
            await new Promise((resolve) => setTimeout(resolve, 1000));
            if (this.isUp && this.daemons.get(name) === daemon) this.start(name);
        });
    }

    /** Kills the server's process, and its container restarts. */
    kill(signal: NodeJS.Signals = "SIGKILL"): void {
        process.kill(this.pod.pid(this.daemons.get("mariadb")!), signal);
    }

    /** Ends the pod: as if its node had failed, or as the kubelet does, with the hook first. */
    async down(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
        this.isUp = false;
        const server = this.daemons.get("mariadb")!;
        if (signal === "SIGTERM") {
            const hook = this.pod.container("mariadb").lifecycle.preStop.exec.command as string[];
            process.kill(this.pod.pid(this.daemons.get("supervisor")!), "SIGTERM");
            await done(this.pod.within(server, "mariadb", hook));
        }
        for (const [name, daemon] of this.daemons) {
            try {
                process.kill(this.pod.pid(daemon), name === "proxy" && signal === "SIGTERM" ? "SIGUSR1" : signal);
            } catch {
                // It has ended by itself.
            }
        }
        await server.exited;
        for (const daemon of this.daemons.values()) await daemon.stop("SIGKILL");
        this.pod.remove();
    }

    /** Gives its volume a size, before its first pod. */
    limit(mib: number): void {
        mkdirSync(this.volume, { recursive: true });
        run(["mount", "-t", "tmpfs", "-o", `size=${mib}m`, "plinth", this.volume]);
    }

    unlimit(): void {
        run(["umount", this.volume]);
    }

    /** Fills its volume. @returns ends that */
    fill(): () => void {
        const file = join(this.volume, "filled");
        run(["dd", "if=/dev/zero", `of=${file}`, "bs=1M"]);
        return () => rmSync(file);
    }

    /** Writes the consent to begin where its pod reads it, as a kubelet does. */
    consent(text: string): void {
        writeFileSync(join(this.folder, this.hostname, "volumes", "database-begin", "begin"), text);
    }

    /** Deletes its volume. */
    lose(): void {
        rmSync(this.volume, { recursive: true });
    }

    /** What it has logged. */
    get log(): string {
        const running = [...this.daemons].map(([name, daemon]) => daemon.output.replace(/^(?=.)/gm, `${name}: `));
        return [...this.logs, ...running].join("");
    }

    /** Whether the readiness probes of all containers succeed. */
    async isReady(): Promise<boolean> {
        const daemon = this.daemons.get("mariadb");
        if (!daemon || !this.isUp) return false;
        const { command } = this.pod.container("mariadb").readinessProbe.exec;
        try {
            return (await done(this.pod.within(daemon, "mariadb", command))) === 0;
        } catch {
            return false;
        }
    }

    /** Answers of its own server, to the administrator on its socket. */
    ask(statement: string): string {
        const command = ["mariadb", "--no-defaults", "--skip-ssl", "--batch", "--skip-column-names", "--user=root"];
        const [program, ...args] = this.pod.within(this.daemons.get("mariadb")!, "mariadb", [
            ...["env", `MYSQL_PWD=${passwords.databaseRootPassword}`, ...command],
            ...["--socket=/run/mysqld/mysqld.sock", "open_cart", `--execute=${statement}`],
        ]);
        const { status, stdout, stderr } = spawnSync(program!, args, { encoding: "utf8", timeout: 20_000 });
        if (status !== 0) throw new Error(`member ${this.ordinal}: ${stderr}`);
        return stdout.trim();
    }

    /** Keeps its server from applying changes of a table, from now on. @returns ends that */
    async hold(table: string): Promise<() => void> {
        const [program, ...args] = this.pod.within(this.daemons.get("mariadb")!, "mariadb", [
            ...["env", `MYSQL_PWD=${passwords.databaseRootPassword}`, "mariadb", "--no-defaults", "--skip-ssl"],
            ...["--batch", "--unbuffered", "--user=root", "--socket=/run/mysqld/mysqld.sock", "open_cart"],
        ]);
        const child = spawn(program!, args, { stdio: ["pipe", "pipe", "ignore"] });
        child.stdin.on("error", () => undefined);
        child.stdin.write(`FLUSH TABLES ${table} WITH READ LOCK;\nSELECT 'held';\n`);
        await once(child.stdout, "data");
        return () => child.kill("SIGKILL");
    }

    status(name: string): string {
        return this.ask(`SHOW GLOBAL STATUS LIKE '${name}'`).split("\t")[1] ?? "";
    }

    get isOpen(): boolean {
        return this.ask("SELECT @@global.read_only") === "0";
    }
}

const done = (command: readonly string[]): Promise<number | null> =>
    new Promise((resolve) => {
        const child: ChildProcess = spawn(command[0]!, command.slice(1), { stdio: "ignore", timeout: 400_000 });
        child.once("error", () => resolve(-1));
        child.once("exit", (code) => resolve(code));
    });

/** The pods of a cluster in a network, with names for them. */
export class Galera {
    readonly members: readonly GaleraMember[];
    private names: NameServer | undefined;
    /** Members behind the Services, as their probes have told. */
    readonly endpoints = new Set<GaleraMember>();
    private readonly network = new PodNetwork();
    private isOver = false;

    constructor(
        folder: string,
        private objects: readonly Sent[],
    ) {
        this.members = [0, 1, 2].map((ordinal) => new GaleraMember(folder, ordinal, this.network, this.network.join()));
    }

    async start(): Promise<void> {
        const hosts = this.members.map(({ ordinal, connection }) => [host(ordinal), [connection.address]] as const);
        this.names = await NameServer.start(this.network.machine, Object.fromEntries(hosts));
        for (const member of this.members) void this.probe(member);
        await Promise.all(this.members.map((member) => member.up(this.objects)));
    }

    up(member: GaleraMember, objects = this.objects): Promise<void> {
        return member.up((this.objects = objects));
    }

    /** Does what the kubelet does with a readiness probe. */
    private async probe(member: GaleraMember): Promise<void> {
        for (let failures = 0; !this.isOver;) {
            failures = (await member.isReady()) ? 0 : failures + 1;
            if (failures === 0) this.endpoints.add(member);
            if (failures >= 2) this.endpoints.delete(member);
            await new Promise((resolve) => setTimeout(resolve, 2000));
        }
    }

    cut(member: GaleraMember, isCut = true): void {
        this.network.cut(member.connection, isCut);
    }

    part(member: GaleraMember, isParted = true): void {
        for (const other of this.members) if (other !== member) this.partBoth(member, other, isParted);
    }

    partBoth(one: GaleraMember, other: GaleraMember, isParted = true): void {
        this.network.part(one.connection, [other.connection], isParted);
    }

    /** Address of some pod behind the Services. */
    get endpoint(): string | undefined {
        const all = [...this.endpoints];
        return all[Math.floor(Math.random() * all.length)]?.connection.address;
    }

    async stop(): Promise<void> {
        this.isOver = true;
        await Promise.all(this.members.map((member) => member.down("SIGKILL").catch(() => undefined)));
        for (const member of this.members) member.unlimit();
        this.names?.stop();
        this.network.stop();
    }

    /** Waits until something holds. */
    until(what: string, holds: () => boolean, seconds = 60): Promise<void> {
        return until(what, holds, seconds, this.members);
    }

    get writer(): GaleraMember | undefined {
        return this.members.find((member) => {
            try {
                return member.isOpen;
            } catch {
                return false;
            }
        });
    }
}

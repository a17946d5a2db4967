import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readlinkSync } from "node:fs";

/** A pod's place in a network. */
export interface Connection {
    readonly address: string;
    /** What puts a command of this machine into it. */
    readonly enter: readonly string[];
}

/** The switch's end of a place. */
const portOf = (address: string): string => `pod${address.split(".")[3]}`;

/**
 * A network of pods on this machine, each with an address of its own, as in a cluster. This machine reaches them and
 * they reach it; nobody else does. All of it ends with this process.
 */
export class PodNetwork {
    private readonly prefix: string;
    private readonly holders: ChildProcess[] = [];
    private readonly bridge: number;
    private members = 1;

    /** @param range the third byte of the addresses: of those that RFC 2544 keeps for tests. */
    constructor(range = process.pid % 256) {
        this.prefix = `198.18.${range}`;
        this.bridge = this.hold();
        const inBridge = this.enter(this.bridge);
        execFileSync(inBridge[0]!, [...inBridge.slice(1), "ip", "link", "add", "name", "pods", "type", "bridge"]);
        execFileSync(inBridge[0]!, [...inBridge.slice(1), "ip", "link", "set", "pods", "up"]);
        // This machine's own end goes with the other one.
        this.connect(undefined, `plinth${range}`, `${this.prefix}.1`);
    }

    /** The address of this machine. */
    get machine(): string {
        return `${this.prefix}.1`;
    }

    /** A new place. */
    join(): Connection {
        const address = `${this.prefix}.${++this.members}`;
        const pid = this.hold();
        this.connect(pid, "eth0", address);
        return { address, enter: this.enter(pid) };
    }

    /** Separates a place from everything, or ends that. */
    cut({ address }: Connection, isCut = true): void {
        const [program, ...args] = this.enter(this.bridge);
        execFileSync(program!, [...args, "ip", "link", "set", portOf(address), isCut ? "down" : "up"]);
    }

    /** Separates a place from some others only, so that it and they still reach everything else; or ends that. */
    part(one: Connection, others: readonly Connection[], isParted = true): void {
        for (const other of others)
            for (const [from, to] of [
                [one, other],
                [other, one],
            ] as const) {
                const [program, ...args] = [...from.enter, "ip", "route", isParted ? "add" : "del", "blackhole"];
                execFileSync(program!, [...args, `${to.address}/32`]);
            }
    }

    stop(): void {
        for (const holder of this.holders) holder.kill("SIGKILL");
    }

    private enter = (pid: number): string[] => ["nsenter", `--net=/proc/${pid}/ns/net`];

    /** @param pid of a holder. @default this machine */
    private connect(pid: number | undefined, name: string, address: string): void {
        const port = portOf(address);
        const where = pid === undefined ? [] : this.enter(pid);
        const [program, ...args] = [...this.enter(this.bridge), "ip"];
        const peer = ["peer", "name", name, "netns", String(pid ?? process.pid)];
        execFileSync(program!, [...args, "link", "add", "name", port, "type", "veth", ...peer]);
        execFileSync(program!, [...args, "link", "set", port, "master", "pods", "up"]);
        const run = (...command: readonly string[]) => {
            const [first, ...rest] = [...where, "ip", ...command];
            execFileSync(first!, rest);
        };
        run("addr", "add", `${address}/24`, "dev", name);
        run("link", "set", name, "up");
        if (pid !== undefined) run("link", "set", "lo", "up");
    }

    /** A process that keeps a network namespace. */
    private hold(): number {
        const child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"], {
            stdio: "ignore",
        });
        this.holders.push(child);
        const own = readlinkSync("/proc/self/ns/net");
        while (readlinkSync(`/proc/${child.pid}/ns/net`) === own) execFileSync("sleep", ["0.02"]);
        return child.pid!;
    }
}

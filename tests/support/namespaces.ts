import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

const ip = (pid: number | undefined, ...words: readonly string[]) => {
    const command = ["ip", ...words];
    const [program, ...args] = pid === undefined ? command : ["nsenter", `--target=${pid}`, "--net", ...command];
    const { status, stderr } = spawnSync(program!, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
};

/** Why this machine has no network namespaces for a test; undefined if it has. */
export const namespacesLack = (): string | undefined =>
    spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"]).status === 0
        ? undefined
        : "network namespaces, which need root, and iproute2";

/** A process that keeps a network namespace. */
async function hold(): Promise<ChildProcess> {
    const child = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up; echo held; exec sleep infinity"], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout!, "data");
    return child;
}

/** Hosts with an address each, in network namespaces of their own, on one switch, which has an address, too. */
export class Network {
    private constructor(
        private readonly hub: ChildProcess,
        private readonly hosts: readonly ChildProcess[],
    ) {}

    static async of(count: number): Promise<Network> {
        const hub = await hold();
        const hosts = await Promise.all([...Array(count).keys()].map(hold));
        ip(hub.pid, "link", "add", "hub", "type", "bridge", "forward_delay", "0");
        ip(hub.pid, "address", "add", "10.77.0.100/24", "dev", "hub");
        ip(hub.pid, "link", "set", "hub", "up");
        hosts.forEach(({ pid }, host) => {
            ip(hub.pid, "link", "add", `host${host}`, "type", "veth", "peer", "eth0", "netns", String(pid));
            ip(hub.pid, "link", "set", `host${host}`, "master", "hub", "up");
            ip(pid, "address", "add", `${Network.address(host)}/24`, "dev", "eth0");
            ip(pid, "link", "set", "eth0", "up");
        });
        return new Network(hub, hosts);
    }

    static address(host: number): string {
        return `10.77.0.${host + 1}`;
    }

    /** The words that run a command at a host, or at the switch. */
    at(host?: number): string[] {
        const { pid } = host === undefined ? this.hub : this.hosts[host]!;
        return ["nsenter", `--target=${pid}`, "--net", "--"];
    }

    /** Separates a host from everything, or ends that. */
    cut(host: number, isCut = true): void {
        ip(this.hub.pid, "link", "set", `host${host}`, isCut ? "down" : "up");
    }

    /** Separates a host from other hosts only: clients at the switch still reach it. */
    part(host: number, others: readonly number[], isParted = true): void {
        for (const other of others) {
            const route = ["route", isParted ? "add" : "del", "blackhole"];
            ip(this.hosts[host]!.pid, ...route, `${Network.address(other)}/32`);
            ip(this.hosts[other]!.pid, ...route, `${Network.address(host)}/32`);
        }
    }

    close(): void {
        for (const child of [...this.hosts, this.hub]) child.kill("SIGKILL");
    }
}

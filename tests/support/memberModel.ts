/** A transaction's identity, `0-SERVER-NUMBER`, as MariaDB writes it. */
type Gtid = string;

/** What a client was told of a transaction. */
interface Commit {
    readonly id: Gtid;
    readonly at: ModelServer;
    readonly since: number;
    /** Which declaration its member had read. */
    readonly term: number;
    /** It still waits for a replica. */
    waits: boolean;
    acknowledged: boolean;
    /** It may be lost, by the design of semi-synchronous replication: see {@link MemberModel.excuse}. */
    excused: boolean;
}

/** Seconds of the model after which a connection that is cut counts as broken, and a commit waits for no replica any more. */
const patience = { net: 1.5, commit: 1.5 };

/** The part of a MariaDB server that the scripts of a member see. */
class ModelServer {
    isUp = false;
    isClosed = true;
    claims = false;
    /** Commits wait for replicas: it has not given up on them. */
    waits = true;
    serverId = "";
    /** Its binary log. */
    log: Gtid[] = [];
    relay: Gtid[] = [];
    source: ModelServer | undefined;
    replicates = false;
    isConnected = false;
    cutSince = 0;
    error = "";
    /** Which declaration its supervisor can read. */
    told = 0;
    /** How others have last answered its supervisor. */
    readonly heard = new Map<ModelServer, "answered" | "cut" | "down">();

    constructor(readonly ordinal: number) {}

    get last(): Gtid {
        return this.log.at(-1) ?? "";
    }

    get received(): Gtid {
        return this.relay.at(-1) ?? this.last;
    }
}

const numberOf = (id: Gtid): number => Number(id.split("-")[2] ?? 0);

/**
 * Three MariaDB servers with semi-synchronous replication by GTID, in strict mode, as far as the scripts of a member see
 * them: what they answer to each statement, what a crash leaves, and what clients are told.
 *
 * It fails when two members take writes, or when one begins to take them that lacks an acknowledged commit.
 */
export class MemberModel {
    readonly servers = [0, 1, 2].map((ordinal) => new ModelServer(ordinal));
    readonly commits: Commit[] = [];
    /** Seconds. */
    time = 1000;
    private readonly cuts = new Set<string>();
    /** When some connection was cut last. */
    private lastCut = -Infinity;

    isCut(one: ModelServer, other: ModelServer): boolean {
        return one !== other && this.cuts.has([one.ordinal, other.ordinal].sort().join());
    }

    cut(one: ModelServer, other: ModelServer): void {
        this.cuts.add([one.ordinal, other.ordinal].sort().join());
        this.lastCut = this.time;
        for (const server of [one, other]) server.cutSince = this.time;
    }

    heal(): void {
        if (this.cuts.size > 0) this.lastCut = this.time;
        this.cuts.clear();
    }

    pass(seconds: number): void {
        this.time += seconds;
        if (this.cuts.size > 0) this.lastCut = this.time;
        for (const server of this.servers) {
            const { source } = server;
            if (server.isConnected && this.isCut(server, source!) && this.time - server.cutSince > patience.net)
                this.disconnect(server);
        }
        for (const commit of this.commits.filter(({ waits, since }) => waits && this.time - since > patience.commit)) {
            commit.at.waits = false;
            this.acknowledge(commit, true);
        }
    }

    private disconnect(replica: ModelServer): void {
        replica.isConnected = false;
        const source = replica.source!;
        if (this.replicasOf(source).length > 0) return;
        // Without any replica the source goes on alone.
        for (const commit of this.commits.filter(({ waits, at }) => waits && at === source))
            this.acknowledge(commit, this.time - this.lastCut < 2 * patience.net);
    }

    private acknowledge(commit: Commit, excused: boolean): void {
        Object.assign(commit, { waits: false, acknowledged: true, excused });
    }

    private replicasOf(source: ModelServer): ModelServer[] {
        return this.servers.filter((server) => server.isConnected && server.source === source);
    }

    /** A client writes. */
    write(server: ModelServer): void {
        if (!server.isUp || server.isClosed) return;
        const id = `0-${server.serverId}-${numberOf(server.last) + 1}`;
        server.log.push(id);
        const commit = {
            id,
            at: server,
            since: this.time,
            term: server.told,
            waits: true,
            acknowledged: false,
            excused: false,
        };
        this.commits.push(commit);
        const replicas = this.replicasOf(server);
        if (!server.claims || !server.waits || replicas.length === 0)
            this.acknowledge(commit, replicas.length > 0 || this.time - this.lastCut < 2 * patience.net);
    }

    /** A replica connects, or receives one transaction. */
    receive(server: ModelServer): void {
        const { source } = server;
        if (!server.isUp || !server.replicates || server.error || !source?.isUp || this.isCut(server, source)) return;
        const at = source.log.indexOf(server.received);
        if (server.received && at < 0) {
            server.error =
                "Got fatal error 1236 from master: Error: the slave's position is not in the master's binlog";
            this.disconnect(server);
            return;
        }
        if (!server.isConnected) {
            server.isConnected = true;
            return;
        }
        const next = source.log[at + 1];
        if (next !== undefined) server.relay.push(next);
        for (const commit of this.commits)
            if (commit.waits && commit.at === source && server.relay.includes(commit.id))
                this.acknowledge(commit, false);
        if (server.received === source.last) source.waits = true;
    }

    /** A replica applies one transaction. */
    apply(server: ModelServer): void {
        if (!server.isUp || !server.replicates) return;
        const next = server.relay.shift();
        if (next !== undefined) server.log.push(next);
    }

    /** Kills a server: what it has received and not applied is gone, and so is what makes it the source. */
    kill(server: ModelServer): void {
        server.isUp = server.replicates = server.claims = false;
        server.isClosed = true;
        // Whoever waits is told nothing.
        for (const commit of this.commits) if (commit.at === server) commit.waits = false;
        for (const replica of this.replicasOf(server)) this.disconnect(replica);
        if (server.isConnected) this.disconnect(server);
        const gone = server.relay.splice(0);
        for (const commit of this.commits) if (gone.includes(commit.id)) this.excuse(commit);
    }

    /** A commit of which the only replica was killed that had received it, before it was applied. */
    private excuse(commit: Commit): void {
        const has = ({ log, relay }: ModelServer) => log.includes(commit.id) || relay.includes(commit.id);
        if (!this.servers.some((server) => server !== commit.at && has(server))) commit.excused = true;
    }

    /** @param args what `start.sh` starts the server with */
    start(server: ModelServer, args: string): void {
        server.serverId = /--server-id=(\d+)/.exec(args)![1]!;
        // Semi-synchronous recovery cuts off what was written and not committed.
        const isTold = (id: Gtid) => this.commits.some((commit) => commit.id === id && commit.acknowledged);
        if (args.includes("--init-rpl-role=SLAVE"))
            while (server.last.startsWith(`0-${server.serverId}-`) && !isTold(server.last)) server.log.pop();
        Object.assign(server, { isUp: true, waits: true, error: "" });
    }

    /** @returns what the client prints; undefined for an error */
    execute(from: ModelServer, to: ModelServer, statement: string): string | undefined {
        if (from !== to) from.heard.set(to, this.isCut(from, to) ? "cut" : to.isUp ? "answered" : "down");
        if (!to.isUp || this.isCut(from, to)) return undefined;
        const answer = this.query(to, statement);
        if (answer !== undefined) return answer;
        const change = /^CHANGE MASTER TO MASTER_HOST = 'm(\d)'/.exec(statement);
        if (change) {
            if (to.isConnected) this.disconnect(to);
            to.source = this.servers[Number(change[1])];
            to.relay = [];
        } else if (statement === "START REPLICA") {
            Object.assign(to, { replicates: true, error: "" });
        } else if (statement === "STOP REPLICA") {
            if (to.isConnected) this.disconnect(to);
            to.replicates = false;
        } else if (statement === "RESET REPLICA ALL") {
            to.source = undefined;
            to.relay = [];
        } else if (statement.startsWith("KILL CONNECTION")) {
            // It is committed, and its client is told of an error.
            for (const commit of this.commits) if (commit.at === to) commit.waits = false;
        } else if (statement === "SET GLOBAL read_only = ON") {
            to.isClosed = true;
        } else if (/^SET GLOBAL rpl_semi_sync_master_enabled = /.test(statement)) {
            to.claims = statement.endsWith("read_only") ? !to.isClosed : statement.endsWith("ON");
        } else if (statement === "SET GLOBAL read_only = NOT @@global.rpl_semi_sync_master_enabled") {
            to.isClosed = true;
            if (to.claims) this.open(to);
        } else if (!/^(SET SESSION|SET GLOBAL gtid_slave_pos|accounts)/.test(statement)) {
            throw new Error(`the model knows no ${statement}`);
        }
        return "";
    }

    private query(server: ModelServer, statement: string): string | undefined {
        const { claims, last } = server;
        const closed = Number(server.isClosed);
        const status = claims && server.waits ? "ON" : "OFF";
        if (statement.includes("information_schema.TABLES")) return "";
        if (statement.includes("AS Closed")) return this.describe(server, status);
        if (statement.includes("gtid_binlog_pos")) return `${closed}\t${status}\t${last}\n`;
        if (/^SELECT @@global.read_only AND NOT @@/.test(statement)) return `${Number(server.isClosed && !claims)}\n`;
        if (/^SELECT @@global.read_only/.test(statement)) return `${closed}\n`;
        return undefined;
    }

    private describe(server: ModelServer, status: string): string {
        const { source, replicates, error } = server;
        // The newest of each server.
        const history = new Map(server.log.map((id) => [id.split("-")[1], id]));
        const isHeard = server.isConnected && source!.isUp;
        const said: Record<string, string | number> = {
            Closed: Number(server.isClosed),
            Claims: Number(server.claims),
            Position: server.last,
            History: [...history.values()].join(" "),
            Backed: Number(this.replicasOf(server).length > 0) + Number(status === "ON"),
        };
        if (source)
            Object.assign(said, {
                Slave_IO_Running: !replicates || error ? "No" : isHeard ? "Yes" : "Connecting",
                Slave_SQL_Running: replicates ? "Yes" : "No",
                Seconds_Behind_Master: isHeard ? 0 : "NULL",
                Master_Host: `m${source.ordinal}`,
                Master_Port: 3306,
                Gtid_IO_Pos: server.received,
                Last_IO_Error: error,
            });
        return Object.entries(said)
            .map(([key, value]) => `${key}: ${value}\n`)
            .join("");
    }

    private open(server: ModelServer): void {
        server.isClosed = false;
        for (const other of this.servers)
            if (other !== server && !other.isClosed && server.heard.get(other) !== "cut")
                throw new Error(`member ${server.ordinal} takes writes, and so does member ${other.ordinal}`);
        for (const commit of this.commits) {
            if (!commit.acknowledged || commit.excused || server.log.includes(commit.id)) continue;
            // One that was away while another was declared and took writes, and finds neither that nor the declaration,
            // cannot know of it.
            if (commit.term > server.told && server.heard.get(commit.at) !== "answered") commit.excused = true;
            else
                throw new Error(
                    `member ${server.ordinal} takes writes without ${commit.id}, acknowledged by member ${commit.at.ordinal}`,
                );
        }
    }
}

export type { ModelServer };

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Daemon, freePort } from "./tools";

/**
 * Milliseconds within which a program has given up after five seconds, also on a machine that is busy with other tests;
 * without a limit it waits for 30 seconds and more.
 */
export const mostOfBusy = 12_000;

/** A server that is gone, on loopback. */
export class BlackHole {
    private readonly clients: Socket[] = [];

    private constructor(
        private readonly daemon: Daemon,
        readonly port: number,
    ) {}

    /**
     * @param kind `drops`: packets to it are lost, as to the address of a pod that is gone; `silent`: it takes
     * connections and says nothing, as a server that hangs
     */
    static async open(php: string, kind: "drops" | "silent"): Promise<BlackHole> {
        const port = await freePort();
        const backlog = kind === "drops" ? 0 : 100;
        const listens = `$context = stream_context_create(['socket' => ['backlog' => ${backlog}]]);
            $flags = STREAM_SERVER_BIND | STREAM_SERVER_LISTEN;
            $server = stream_socket_server('tcp://127.0.0.1:${port}', $code, $message, $flags, $context);
            echo 'listens'; sleep(600);`;
        const hole = new BlackHole(new Daemon(php, ["-r", listens]), port);
        await hole.daemon.ready(async () => {
            if (hole.daemon.output !== "listens") throw new Error("not yet");
        });
        if (kind === "drops") await hole.fill();
        return hole;
    }

    /** Takes all room for connections that are not accepted yet. */
    private async fill(): Promise<void> {
        for (let waits = false; !waits;) {
            const client = connect(this.port, "127.0.0.1");
            client.on("error", () => undefined);
            this.clients.push(client);
            const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300));
            waits = await Promise.race([once(client, "connect").then(() => false), late]);
        }
    }

    async close(): Promise<void> {
        for (const client of this.clients) client.destroy();
        await this.daemon.stop("SIGKILL");
    }
}

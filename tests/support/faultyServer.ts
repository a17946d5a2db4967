import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { freePort } from "./tools";

/**
 * What becomes of a request: a status instead of an answer, a connection that breaks before or within the answer, or
 * nothing unusual.
 */
export type Fault = number | "drop" | "cut" | undefined;

/** Stands before an HTTP server, and can fail as networks and servers do. */
export class FaultyServer {
    /** Asked about each request; may act before it is passed on. */
    fault: (method: string, path: string) => Fault = () => undefined;
    private server: Server | undefined;
    url = "";

    async start(behind: string): Promise<void> {
        const port = await freePort();
        this.url = `http://127.0.0.1:${port}`;
        this.server = createServer((asked, answer) => this.pass(asked, answer, new URL(behind)));
        await new Promise<void>((resolve) => this.server!.listen(port, "127.0.0.1", resolve));
    }
    stop(): void {
        this.server?.closeAllConnections();
        this.server?.close();
    }

    private pass(asked: IncomingMessage, answer: ServerResponse, { hostname, port }: URL): void {
        const { method = "", url: path = "", headers } = asked;
        const fault = this.fault(method, path);
        if (fault === "drop") return void asked.socket.destroy();
        if (typeof fault === "number") {
            asked.resume();
            answer.writeHead(fault).end("<Error><Code>Injected</Code></Error>");
            return;
        }
        // With the client's own Host, which it has signed.
        const passed = request({ hostname, port, method, path, headers }, (got) => {
            answer.writeHead(got.statusCode!, got.headers);
            if (fault === "cut")
                got.once("data", (data: Buffer) => answer.write(data.subarray(1), () => answer.destroy()));
            else got.pipe(answer);
        });
        passed.once("error", () => answer.destroy());
        asked.pipe(passed);
    }
}

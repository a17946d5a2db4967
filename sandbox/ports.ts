import { createServer } from "node:net";

/** A TCP port on loopback that nobody uses at the moment. */
export const freePort = (): Promise<number> =>
    new Promise((done, failed) => {
        const server = createServer();
        server.once("error", failed);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as { port: number };
            server.close(() => done(port));
        });
    });

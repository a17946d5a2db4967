import { createServer } from "node:net";

/** A TCP port on loopback that nobody uses at the moment. */
export const freePort = (): Promise<number> => listenOn(0);

/** Whether this user can have a TCP port on loopback at the moment. */
export const isFree = (port: number): Promise<boolean> =>
    listenOn(port).then(
        () => true,
        () => false,
    );

const listenOn = (wanted: number): Promise<number> =>
    new Promise((done, failed) => {
        const server = createServer();
        server.once("error", failed);
        server.listen(wanted, "127.0.0.1", () => {
            const { port } = server.address() as { port: number };
            server.close(() => done(port));
        });
    });

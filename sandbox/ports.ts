import { createServer } from "node:net";

/** A currently unused TCP port on loopback. */
export const freePort = (): Promise<number> => listenOn(0);

/** Whether this user can currently listen on a TCP port on loopback. */
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

import { connect } from "node:net";

export interface RawAnswer {
    /** Of each answer on the connection, in order; empty if it was closed without one. */
    readonly statuses: readonly number[];
    /** Everything received. */
    readonly text: string;
}

/**
 * Sends bytes, whether they are a request or not, and takes what comes until the other side closes.
 *
 * @param bytes in Latin-1
 * @param from address of loopback that asks
 */
export const exchange = (port: number, bytes: string, from = "127.0.0.1"): Promise<RawAnswer> =>
    new Promise((resolve) => {
        const socket = connect({ port, host: "127.0.0.1", localAddress: from });
        let text = "";
        const end = () => {
            socket.destroy();
            const statuses = [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
            resolve({ statuses, text });
        };
        socket.setTimeout(5000, end).on("error", end).on("close", end);
        socket.on("data", (data) => (text += data.toString("latin1")));
        socket.on("connect", () => socket.write(bytes, "latin1"));
    });

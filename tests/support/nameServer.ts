import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** A name server for a network of pods: knows the addresses of some hosts, and that there are no others. */
export class NameServer {
    private readonly socket: Socket = createSocket("udp4");

    constructor(private readonly addresses: Readonly<Record<string, string>>) {
        this.socket.on("message", (query, { port, address }) => this.socket.send(this.answer(query), port, address));
    }

    async listen(address: string): Promise<void> {
        this.socket.bind(53, address);
        await once(this.socket, "listening");
    }

    close(): void {
        this.socket.close();
    }

    /** https://www.rfc-editor.org/rfc/rfc1035#section-4 */
    private answer(query: Buffer): Buffer {
        const labels: string[] = [];
        let at = 12;
        for (let length = query[at]!; length > 0; length = query[at]!) {
            labels.push(query.toString("latin1", at + 1, at + 1 + length));
            at += length + 1;
        }
        const question = query.subarray(12, at + 5);
        const address = this.addresses[labels.join(".").toLowerCase()];
        const isWanted = address !== undefined && query.readUInt16BE(at + 1) === 1;
        const header = Buffer.alloc(12);
        query.copy(header, 0, 0, 2);
        // An authoritative answer, or that there is no such name.
        header.writeUInt16BE(0x8580 | (address === undefined ? 3 : 0), 2);
        header.writeUInt16BE(1, 4);
        header.writeUInt16BE(isWanted ? 1 : 0, 6);
        const answer = isWanted
            ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split(".").map(Number)])
            : Buffer.alloc(0);
        return Buffer.concat([header, question, answer]);
    }
}

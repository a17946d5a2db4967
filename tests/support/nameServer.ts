import { createSocket, type Socket } from "node:dgram";

/** Answers questions for addresses over UDP, as a cluster's DNS does: RFC 1035. */
export class NameServer {
    private readonly asked: string[] = [];

    private constructor(
        private readonly socket: Socket,
        /** Addresses by name; a test may change them. Other names do not exist. */
        readonly addresses: Map<string, readonly string[]>,
    ) {
        socket.on("message", (question, from) => {
            const answer = this.answer(question);
            if (answer) socket.send(answer, from.port, from.address);
        });
    }

    static async start(host: string, addresses: Readonly<Record<string, readonly string[]>>): Promise<NameServer> {
        const socket = createSocket("udp4");
        await new Promise<void>((resolve, reject) => {
            socket.once("error", reject);
            socket.bind(53, host, resolve);
        });
        return new NameServer(socket, new Map(Object.entries(addresses)));
    }

    /** Names that were asked for. */
    get questions(): readonly string[] {
        return this.asked;
    }

    stop(): void {
        this.socket.close();
    }

    private answer(question: Buffer): Buffer | undefined {
        const labels: string[] = [];
        let at = 12;
        for (let length = question[at]; length; length = question[at]) {
            labels.push(question.subarray(at + 1, at + 1 + length).toString("latin1"));
            at += length + 1;
        }
        if (at + 5 > question.length) return undefined;
        const name = labels.join(".").toLowerCase();
        this.asked.push(name);
        const isAddress = question.readUInt16BE(at + 1) === 1;
        const found = this.addresses.get(name);
        const addresses = isAddress ? (found ?? []) : [];
        const head = Buffer.from(question.subarray(0, 12));
        // An answer of an authority, with recursion; code 3 for a name that does not exist.
        head.writeUInt16BE(found ? 0x8580 : 0x8583, 2);
        head.writeUInt16BE(1, 4);
        head.writeUInt16BE(addresses.length, 6);
        head.writeUInt32BE(0, 8);
        const records = addresses.map((address) =>
            Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split(".").map(Number)]),
        );
        return Buffer.concat([head, question.subarray(12, at + 5), ...records]);
    }
}

import { spawn } from "node:child_process";

/** A client that stays connected: it reads statements from its standard input, one after the other. */
export class Session {
    private output = "";
    private ended = false;
    private readonly child;

    constructor([command, ...args]: readonly [string, ...string[]], env: Readonly<Record<string, string>>) {
        this.child = spawn(command, args, { env: { ...process.env, ...env } });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.on("data", (data: Buffer) => (this.output += data.toString()));
        // It may have ended when it is written to.
        this.child.stdin.on("error", () => undefined);
        this.child.once("close", () => (this.ended = true));
    }

    /** @returns the answer to a statement, once it matches or the client has ended */
    async say(statement: string, expected: RegExp): Promise<string> {
        this.output = "";
        this.child.stdin.write(`${statement}\n`);
        const end = Date.now() + 20_000;
        while (!expected.test(this.output) && !this.ended && Date.now() < end)
            await new Promise((resolve) => setTimeout(resolve, 20));
        return this.output;
    }

    end(): void {
        this.child.kill("SIGKILL");
    }
}

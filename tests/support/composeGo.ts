import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Context } from "mocha";
import { goProgram } from "./tools";

/** What compose-go is asked: see `request` in tests/tools/compose/main.go. */
export interface Question {
    readonly folder?: string;
    readonly projectFolder?: string;
    readonly files?: readonly string[];
    readonly envFiles?: readonly string[];
    readonly profiles?: readonly string[];
    readonly name?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly template?: string;
    readonly dotenv?: string;
    readonly schema?: boolean;
}

export interface Answer {
    readonly error?: string;
    readonly model?: Record<string, unknown>;
    readonly disabled?: readonly string[];
    readonly text?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly schema?: unknown;
}

/** compose-go, which `tests/tools/compose` pins: one process answers all questions. */
export class ComposeGo {
    private readonly waiting: {
        readonly resolve: (answer: Answer) => void;
        readonly reject: (error: Error) => void;
    }[] = [];

    private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
        createInterface({ input: child.stdout }).on("line", (line) => this.waiting.shift()!.resolve(JSON.parse(line)));
        const fail = (error: Error) => this.waiting.splice(0).forEach(({ reject }) => reject(error));
        child.once("error", fail);
        child.once("exit", (code) => fail(new Error(`compose-go has ended with ${code}`)));
    }

    /** Skips the test where it cannot be built. */
    static async start(test: Context): Promise<ComposeGo> {
        const path = await goProgram(test, "compose");
        return new ComposeGo(spawn(path, { stdio: ["pipe", "pipe", "inherit"] }));
    }

    ask(question: Question): Promise<Answer> {
        return new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject });
            this.child.stdin.write(`${JSON.stringify(question)}\n`);
        });
    }

    stop(): void {
        this.child.stdin.end();
    }
}

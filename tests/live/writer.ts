import { createInterface } from "node:readline";
import { execa, type ResultPromise } from "execa";

/** What became of the rows that were written one after the other while something was broken. */
export interface Written {
    readonly acknowledged: readonly number[];
    /** Longest time without an acknowledged row, in seconds. */
    readonly refused: number;
    readonly failed: number;
    /** Different errors, each once. */
    readonly errors: readonly string[];
}

/**
 * Writes numbered rows through the application's own driver and Service until it is stopped: a program in one of the
 * application's pods, which prints `ok NUMBER` or `failed NUMBER ERROR` for each row, and ends when its standard input
 * does.
 */
export class Writer {
    private readonly acknowledged: number[] = [];
    private readonly moments: number[] = [Date.now()];
    private readonly errors = new Set<string>();
    private failed = 0;
    private readonly run: ResultPromise<{ reject: false; stdin: "pipe" }>;

    /** @param command kubectl with its arguments */
    constructor(command: readonly string[]) {
        const [program, ...args] = command;
        this.run = execa(program!, args, { reject: false, stdin: "pipe" });
        createInterface({ input: this.run.stdout! }).on("line", (line) => {
            const [, outcome, number, error] = /^(ok|failed) (\d+) ?(.*)$/.exec(line) ?? [];
            if (outcome === "ok") {
                this.acknowledged.push(Number(number));
                this.moments.push(Date.now());
            } else if (outcome === "failed") {
                this.failed += 1;
                this.errors.add(error!.slice(0, 120));
            }
        });
    }

    get rows(): number {
        return this.acknowledged.length;
    }

    async stop(): Promise<Written> {
        this.moments.push(Date.now());
        this.run.stdin!.end();
        const forced = setTimeout(() => this.run.kill("SIGKILL"), 15_000);
        await this.run;
        clearTimeout(forced);
        const gaps = this.moments.slice(1).map((at, index) => at - this.moments[index]!);
        return {
            acknowledged: this.acknowledged,
            refused: Math.max(...gaps) / 1000,
            failed: this.failed,
            errors: [...this.errors],
        };
    }
}

export const writtenText = ({ acknowledged, failed, refused, errors }: Written): string =>
    `${acknowledged.length} rows acknowledged, ${failed} refused` +
    (failed > 0 ? ` (${errors.join("; ")})` : "") +
    `; ${refused.toFixed(1)} s without one`;

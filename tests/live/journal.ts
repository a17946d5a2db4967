import { appendFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

/** One step, for docs/reliability.md and for whoever reads the log. */
export interface Entry {
    readonly suite: string;
    readonly step: string;
    readonly seen: string;
    readonly seconds: number;
}

/** What was seen, and how long it took. */
export class Journal {
    constructor(
        private readonly suite: string,
        /** File that gets a line of JSON per step. */
        private readonly report?: string,
    ) {}

    /** Runs a step, and prints what it has seen. @returns whether that is why it cannot be done here */
    async note(step: string, run: () => Promise<string | readonly string[]>): Promise<boolean> {
        const started = performance.now();
        const said = await run().catch((error: unknown) => {
            // Mocha tells the reason at the end, which may be half an hour later.
            console.log(`        failed: ${String(error).slice(0, 2000)}`);
            throw error;
        });
        const seconds = Math.round((performance.now() - started) / 100) / 10;
        for (const seen of typeof said === "string" ? [said] : said) {
            console.log(`        ${seen}`);
            const entry: Entry = { suite: this.suite, step, seen, seconds };
            if (this.report) appendFileSync(this.report, `${JSON.stringify(entry)}\n`);
        }
        return typeof said === "string" && said.startsWith("skipped: ");
    }
}

import { request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** A page that visitors ask for, and what a right answer contains. */
export interface Page {
    readonly path: string;
    readonly contains: string;
    /** @default the one of the load */
    readonly host?: string;
}

/** What the visitors have seen. */
export interface Visits {
    readonly sent: number;
    readonly failed: number;
    /** Seconds that the longest request took, whether it failed or not. */
    readonly longest: number;
    /** Longest time without a right answer, in seconds. */
    readonly dark: number;
    /** How often each kind of failure was seen. */
    readonly reasons: Readonly<Record<string, number>>;
    /** The first failure: when, where, and what the answer said. */
    readonly first?: string;
}

interface Answer {
    readonly status: number;
    readonly body: string;
    readonly server: string;
}

export interface LoadArgs {
    /** Base URL, asked again before each request: a restarted Service may have another port. */
    readonly url: () => string;
    readonly host: string;
    readonly pages: readonly Page[];
    /** Visitors at the same time. @default 3 */
    readonly visitors?: number;
    /**
     * Milliseconds between an answer and the visitor's next request: without a pause they would use up a small cluster,
     * and what was measured would be that.
     * @default 200
     */
    readonly pause?: number;
    /** Seconds after which a visitor gives up. @default 65 */
    readonly patience?: number;
}

/**
 * Visitors who ask for one page after the other until they are stopped, each request on a connection of its own, as
 * browsers' first requests are. An answer fails if its status is not 200 or if it lacks its text: some applications
 * show their error page with status 200.
 */
export class Load {
    private readonly seen: { readonly at: number; readonly took: number; readonly reason?: string }[] = [];
    private readonly started = Date.now();
    private first: string | undefined;
    private going = true;
    private readonly visitors: Promise<void>[];

    constructor(private readonly args: LoadArgs) {
        this.visitors = Array.from({ length: args.visitors ?? 3 }, (_, index) => this.visit(index));
    }

    private async visit(index: number): Promise<void> {
        const { pages, pause = 200 } = this.args;
        for (let turn = index; this.going; turn += 1) {
            const began = Date.now();
            const page = pages[turn % pages.length]!;
            const { reason, said = "" } = await this.ask(page);
            if (reason)
                this.first ??= `${page.path} at ${new Date(began).toISOString()}, after ${Date.now() - began} ms: ${said}`;
            this.seen.push({ at: Date.now(), took: Date.now() - began, ...(reason ? { reason } : {}) });
            await sleep(pause);
        }
    }

    /** @returns why it failed, if it did, and who said what */
    private async ask({
        path,
        contains,
        host = this.args.host,
    }: Page): Promise<{ readonly reason?: string; readonly said?: string }> {
        const { hostname, port } = new URL(this.args.url());
        const patience = (this.args.patience ?? 65) * 1000;
        try {
            const { status, body, server } = await new Promise<Answer>((resolve, reject) => {
                const asked = request({ hostname, port, path, agent: false, headers: { Host: host } }, (answer) =>
                    text(answer).then(
                        (body) =>
                            resolve({
                                status: answer.statusCode!,
                                body,
                                server: String(answer.headers["server"] ?? ""),
                            }),
                        reject,
                    ),
                );
                asked.setTimeout(patience, () => asked.destroy(new Error("no answer")));
                asked.once("error", reject).end();
            });
            const said = `${server} ${body.replaceAll(/\s+/g, " ").slice(0, 200)}`;
            if (status !== 200) return { reason: `status ${status}`, said };
            return body.includes(contains) ? {} : { reason: "status 200 with another page", said };
        } catch (error) {
            return { reason: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
        }
    }

    /** Waits until the visitors have had right answers for two seconds, at most a minute. */
    async settle(): Promise<void> {
        const started = Date.now();
        let since = started;
        for (let counted = this.seen.length; Date.now() - started < 60_000;) {
            await sleep(100);
            const fresh = this.seen.slice(counted);
            counted = this.seen.length;
            if (fresh.some(({ reason }) => reason !== undefined)) since = Date.now();
            if (Date.now() - since > 2000 && this.seen.some(({ at, reason }) => !reason && at > since)) return;
        }
    }

    /** Ends when each visitor has had the answer that it waits for. */
    async stop(): Promise<Visits> {
        this.going = false;
        await Promise.all(this.visitors);
        const right = this.seen.filter(({ reason }) => reason === undefined).map(({ at }) => at);
        const marks = [this.started, ...right.sort((a, b) => a - b), Date.now()];
        const gaps = marks.slice(1).map((at, index) => at - marks[index]!);
        const reasons: Record<string, number> = {};
        for (const { reason } of this.seen) if (reason) reasons[reason] = (reasons[reason] ?? 0) + 1;
        return {
            sent: this.seen.length,
            failed: this.seen.length - right.length,
            longest: Math.max(0, ...this.seen.map(({ took }) => took)) / 1000,
            dark: Math.max(0, ...gaps) / 1000,
            reasons,
            ...(this.first ? { first: this.first } : {}),
        };
    }
}

export const visitsText = ({ sent, failed, longest, dark, reasons }: Visits): string =>
    `${failed} of ${sent} requests failed` +
    (failed > 0
        ? ` (${Object.entries(reasons)
              .map(([reason, count]) => `${reason}: ${count}`)
              .join(", ")})`
        : "") +
    `; longest ${longest.toFixed(1)} s, ${dark.toFixed(1)} s without an answer`;

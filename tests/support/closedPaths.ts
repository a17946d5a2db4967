import { type PathRule, patternOf } from "../../components/pathRule";
import { readStack } from "../../config/read";
import { platforms } from "../../platforms";
import type { Chain } from "./chain";
import { givenOf } from "./declare";
import { spellings } from "./spellings";

export type Keys = Readonly<Record<string, unknown>>;

/** 127.0.0.3 is the administrator's; every other loopback address is a stranger's. */
export const office = ["127.0.0.3/32"];

/** The paths that a platform closes to strangers with these keys of an instance. */
export async function closedOf(platform: string, keys: Keys): Promise<readonly PathRule[]> {
    const instances = { shop: { platform, host: "shop.example.org", ...keys } };
    const configs = Object.values(platforms).map(({ config }) => config);
    const { stack } = readStack(givenOf({ instances }), configs);
    return platforms[platform]?.closed?.(stack.instances[0]!) ?? [];
}

export const get = (target: string, host: string): string =>
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

export interface Tried {
    /** Each request that has reached a closed path: path, spelling and the end of the answer. */
    readonly reached: readonly string[];
    /** In one line: the number of requests, and the count of each status. */
    readonly summary: string;
}

/**
 * Requests every path in every spelling, as a stranger: each host at the balancer, and the frontend directly.
 *
 * @param paths those of the rules that are tried
 */
export async function tryAll(
    chain: Chain,
    hosts: readonly string[],
    rules: readonly PathRule[],
    paths: readonly string[],
): Promise<Tried> {
    const reached: string[] = [];
    const statuses = new Map<string, number>();
    // The application has already removed any prefix of pages.
    const closed = rules.map((rule) => ({
        what: rule.entry === undefined ? "file" : "page",
        pattern: new RegExp(patternOf({ paths: rule.paths })),
    }));
    const jobs = [...hosts, undefined].flatMap((host) =>
        paths.flatMap((path) => spellings.map((spelling) => ({ host, path, spelling }))),
    );
    const total = jobs.length;
    const work = async () => {
        for (let job = jobs.pop(); job; job = jobs.pop()) {
            const { host, path, spelling } = job;
            const bytes = spelling.request(path, host ?? hosts[0]!);
            const answer = await (host === undefined ? chain.askTier("frontend", bytes) : chain.ask(bytes));
            const status = String(answer.statuses.at(-1) ?? "none");
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            const answers = [...answer.text.matchAll(/^pod=(\S+) (page|file)=(.*) query=/gm)];
            const isReached = answers.some(
                ([, pod, what, one]) =>
                    pod === "admin" || closed.some((rule) => rule.what === what && rule.pattern.test(one!)),
            );
            if (isReached || answer.text.includes("secret"))
                reached.push(
                    `${path} ${spelling.name}${host === undefined ? ", past the balancer" : ""}: ${answer.text.slice(-200)}`,
                );
        }
    };
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(work));
    const counts = [...statuses].sort().map((pair) => pair.join(": "));
    const where = `${hosts.length} hosts and past the balancer`;
    const summary = `${spellings.length} spellings, ${paths.length} paths, ${where}: ${total} requests; ${counts.join(", ")}; ${reached.length} reached`;
    return { reached: reached.sort(), summary };
}

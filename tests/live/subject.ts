import type { Page } from "./load";
import type { Live } from "./live";
import type { Interpreter } from "./mailSink";

/** A tier of a platform, and what its loss may cost. */
export interface Tier {
    readonly component: string;
    /** Pods that the stack of the suite asks for. With two, no request may fail when one is lost. */
    readonly pods: 1 | 2;
    /** Pages that need this tier; those of the subject unless set. */
    readonly pages?: readonly Page[];
    /** Longest time in seconds that a request may take while the tier is down. @default no limit */
    readonly longest?: number;
    /** Whether the numbered rows go through this tier: rows that were acknowledged must be there afterwards. */
    readonly data?: boolean;
}

/** A volume that a step fills to the last byte. */
export interface Fillable {
    readonly component: string;
    readonly container: string;
    /** A writable folder on the volume. */
    readonly folder: string;
    /** What a person or the application tries that needs space. @returns what came of it */
    tries(live: Live): Promise<string>;
}

/** What the suite must know of a platform. Each function does what a person does and says what was seen. */
export interface Subject {
    /** As in stack files. */
    readonly platform: string;
    /** Distinguishes several suites of a platform; part of namespaces. */
    readonly name: string;
    readonly title: string;
    /** The instance's keys, in addition to those that every suite sets. */
    readonly instance: Readonly<Record<string, unknown>>;
    /** Secrets to set, by key. */
    readonly secrets: Readonly<Record<string, string>>;
    /** Keys with which the instance sends its mail to port 25 of a host. @default `mail`, without a login */
    mailTo?(host: string): Readonly<Record<string, unknown>>;
    /** Seconds that the first launch may take. @default 900 */
    readonly launchSeconds?: number;
    /** What the mail's receiver runs in. @default the platform sends no mail of its own */
    readonly interpreter?: Interpreter;
    readonly tiers: readonly Tier[];
    /** What visitors ask for while something is broken. */
    readonly pages: readonly Page[];
    /** A change that rolls the web tiers. */
    readonly change: Readonly<Record<string, unknown>>;
    /** Components to restart under load. */
    readonly restarted: readonly string[];
    /** Generated password that is rotated. @default the platform has none */
    readonly rotated?: string;
    readonly fillable: readonly Fillable[];
    /** Runs one statement in the application's database. @returns rows as lines, columns separated by tabs */
    sql(live: Live, statement: string): Promise<string>;
    /** Where a program runs that writes numbered rows into `plinth_live`, see Writer; its argument is the first number. */
    readonly writer: { readonly component: string; readonly container: string; readonly command: readonly string[] };

    page(live: Live): Promise<string>;
    logIn(live: Live): Promise<string>;
    upload(live: Live): Promise<string>;
    mail?(live: Live): Promise<string>;
    /** What else people do, in this order, by the titles of the steps. @default nothing */
    readonly sees?: Readonly<Record<string, (live: Live) => Promise<string>>>;
    cron?(live: Live): Promise<string>;
    task?(live: Live): Promise<string | readonly string[]>;
    /** What a person left behind: sessions, carts, uploaded files. @throws if something is missing */
    kept(live: Live): Promise<void>;
    /** What is backed up and restored. @default the platform has no backups */
    readonly backup?: {
        /** Deletes data and files that a backup contains. */
        damage(live: Live): Promise<void>;
        /** What `damage` destroys, as text that is equal before and after. */
        fingerprint(live: Live): Promise<string>;
    };
}

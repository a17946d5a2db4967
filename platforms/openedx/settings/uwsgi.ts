import { whereIpv6 } from "../../../components/ipv6";
import { sh, word as shWord } from "../../../components/languages/sh";
import { linesOf, type Text, wordsOf } from "../../../components/languages/text";
import type { Variant } from "./facts";
import { folders } from "./paths";

export type Uwsgi = Text<"uwsgi">;

export interface UwsgiArgs {
    readonly variant: Variant;
    readonly port: number;
    /** Where the master answers, whatever its processes do. */
    readonly statusPort: number;
    /** How many requests are answered at the same time, each in a process with 200 to 400 MB of memory. */
    readonly processes: number;
    /** Whether uploaded files are on a volume, and served from there. */
    readonly servesMedia: boolean;
    /** Seconds that a request may go on after the pod was told to stop. */
    readonly graceSeconds: number;
    /** Seconds after which a request is ended and its process replaced. @default never */
    readonly requestSeconds?: number;
    /** Requests after which a process is replaced. @default never */
    readonly maxRequests?: number;
}

const { text: ini, word } = wordsOf<"uwsgi">();

/** Variable with the address that it listens on. Names that begin with UWSGI_ are options. */
const listenVariable = "LISTEN_ADDRESS";

/** The command, and its environment. A socket of IPv6 takes connections of IPv4, too. */
export const uwsgiCommand = (file: string): { readonly command: string[]; readonly env: Record<string, string> } => ({
    command: [...whereIpv6(sh`export ${shWord(listenVariable)}="[::]"`), "uwsgi", file],
    env: { [listenVariable]: "0.0.0.0" },
});

/**
 * uwsgi.ini. When the pod is told to stop, requests are answered first, and no more are taken.
 *
 * A router in front of the processes (`http`) would leave at once, and its open requests with it; so they listen
 * themselves (`http-socket`). https://uwsgi-docs.readthedocs.io/en/latest/Hooks.html
 */
export const uwsgiFile = (args: UwsgiArgs): Uwsgi =>
    linesOf([
        ini`[uwsgi]`,
        ini`static-map = ${word(`/static=${folders.static}`)}`,
        ...(args.servesMedia ? [ini`static-map = ${word(`/media=${folders.media}`)}`] : []),
        ini`http-socket = $(${word(listenVariable)}):${args.port}`,
        // Without a router, uWSGI closes connections after an answer: the balancer must hear of it, or it would send the
        // next request into one that is about to end. https://github.com/unbit/uwsgi/issues/1097
        ini`add-header = Connection: close`,
        // For probes, since connections that wait for a process fill the other port's queue. Without what each process
        // works on, which would show cookies.
        ini`stats = $(${word(listenVariable)}):${args.statusPort}`,
        ini`stats-no-cores = true`,
        // Connections that wait for a process. Above the kernel's limit, 128 before Linux 5.4, uWSGI does not start.
        ini`listen = 128`,
        // Of a request's headers, in bytes. With 8192, large cookies were refused.
        ini`buffer-size = 32768`,
        ini`wsgi-file = ${word(`${args.variant}/wsgi.py`)}`,
        ini`processes = ${args.processes}`,
        ini`thunder-lock = true`,
        ini`single-interpreter = true`,
        ini`enable-threads = true`,
        ini`hook-master-start = unix_signal:15 gracefully_kill_them_all`,
        ini`worker-reload-mercy = ${args.graceSeconds}`,
        ini`lazy-apps = false`,
        ini`need-app = true`,
        ini`no-defer-accept = true`,
        ini`master = true`,
        ini`py-call-osafterfork = true`,
        ini`vacuum = true`,
        ...(args.requestSeconds === undefined ? [] : [ini`harakiri = ${args.requestSeconds}`]),
        ...(args.maxRequests === undefined ? [] : [ini`max-requests = ${args.maxRequests}`]),
    ]);

import { createHash } from "node:crypto";
import { sh, type Sh, word } from "../languages/sh";

/** Name of the container that runs the script; its log is the script's. */
export const reloadContainer = "reload";

/** Where the ConfigMap with `Caddyfile` and the list `certificates` is mounted. */
export const configFolder = "/etc/caddy";

export interface ReloadArgs {
    readonly caddyfile: string;
    /** File with a line `name certificate key` for each custom certificate, with the paths of two PEM files. */
    readonly list: string;
    /** Directory for the files of {@link snippetOf}; not readable by others, because keys are copied there. */
    readonly snippets: string;
    readonly adminSocket: string;
    /** Polling interval in seconds. */
    readonly interval: number;
}

/** The snippet that a site with the custom certificate of that name imports. */
export const snippetOf = (snippets: string, name: string): string => `${snippets}/${name}`;

/** A line of the script's log. */
export interface ReloadLine {
    readonly level: "info" | "error";
    readonly msg: string;
    /** The {@link digestOf} the configuration; empty before Caddy runs. */
    readonly configuration: string;
    /**
     * Whether Caddy serves that configuration completely; false if it has rejected it or a part of it; undefined if not
     * known yet.
     */
    readonly served?: boolean;
}

/**
 * The script's identifier of a configuration: it includes no private key, because it is logged.
 *
 * @param certificates public halves, in the order of the list; empty for missing ones
 */
export const digestOf = (caddyfile: string, list: string, certificates: readonly (string | Buffer)[]): string =>
    [caddyfile, list, ...certificates].reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** Paths of the public certificates in a list. */
export const certificatesIn = (list: string): string[] => list.split("\n").flatMap((line) => line.split(" ")[1] ?? []);

/**
 * The script that reloads Caddy when its files have changed and are valid; called with `prepare`, it only
 * writes the snippets, before Caddy starts.
 *
 * A missing or damaged certificate would invalidate the whole configuration, and with it every other site. So
 * each pair is tested alone first, and copied if it works. If it does not, the site keeps the last valid one,
 * or gets one from Caddy's own authority.
 *
 * It compares contents: the kubelet swaps a symbolic link above mounted files, which file watchers miss. An
 * invalid file is reported once and changes nothing.
 *
 * Each line is a {@link ReloadLine}, from which readers of the log can tell whether Caddy serves the cluster's
 * configuration.
 */
export const reloadScript = ({ caddyfile, list, snippets, adminSocket, interval }: ReloadArgs): Sh => sh`#!/bin/sh
set -u
umask 077

# The digest of what the files hold, without private keys: the configuration that a line speaks of.
configuration=

# say LEVEL MESSAGE [true|false]: the last tells whether Caddy serves it.
say() {
    served=
    [ $# -lt 3 ] || served=',"served":'$3
    printf '{"level":"%s","logger":"reload","msg":"%s","configuration":"%s"%s}\\n' "$1" \\
        "$(printf '%s' "$2" | tr -d '\\000-\\037' | sed 's/[\\\\"]/\\\\&/g')" "$configuration" "$served"
}

digest() {
    {
        cat ${word(caddyfile)} ${word(list)}
        cut -d ' ' -f 2 ${word(list)} | xargs cat
    } 2>/dev/null | sha256sum | cut -d ' ' -f 1
}

contents() {
    {
        cat ${word(caddyfile)} ${word(list)}
        cut -d ' ' -f 2- ${word(list)} | xargs cat
    } 2>/dev/null | sha256sum
}

works() {
    printf '{\\n\\tadmin off\\n\\tpersist_config off\\n\\tauto_https off\\n}\\nhttps://certificate.invalid {\\n\\ttls %s %s\\n}\\n' "$1" "$2" |
        caddy validate --adapter caddyfile --config - 2>&1
}

prepare() {
    mkdir -p ${word(snippets)}
    damaged=
    while read -r name certificate key; do
        own=${word(`${snippets}/`)}$name
        if problem=$(cp "$certificate" "$own.new.crt" 2>&1 && cp "$key" "$own.new.key" 2>&1 && works "$own.new.crt" "$own.new.key"); then
            mv "$own.new.crt" "$own.crt"
            mv "$own.new.key" "$own.key"
            printf 'tls %s %s\\n' "$own.crt" "$own.key" >"$own"
        else
            [ -s "$own" ] || printf 'tls internal\\n' >"$own"
            [ ! -e "$certificate" ] || damaged=yes
            say error "the certificate of $name does not work and is not used: $(printf '%s\\n' "$problem" | tail -n 1)"
        fi
    done <${word(list)}
}

if [ "\${1-}" = prepare ]; then
    prepare
    exit 0
fi

# A shell that is process 1 ignores signals without a trap, and runs it only between commands or in wait.
trap 'exit 0' TERM INT
pause() {
    sleep ${interval} &
    wait $!
}

until [ -S ${word(adminSocket)} ]; do
    pause
done

# The first round reloads in any case: the files may have changed after Caddy read them.
seen=
while :; do
    now=$(contents)
    if [ "$now" != "$seen" ]; then
        configuration=$(digest)
        prepare
        if ! problem=$(caddy validate --adapter caddyfile --config ${word(caddyfile)} 2>&1); then
            say error "the new configuration is invalid, the old one stays: $(printf '%s\\n' "$problem" | tail -n 1)" false
            seen=$now
        # Forced, since a new certificate leaves the text of the configuration as it was.
        elif ! problem=$(caddy reload --adapter caddyfile --config ${word(caddyfile)} --address ${word(`unix/${adminSocket}`)} --force 2>&1); then
            say error "the reload failed and will be tried again: $(printf '%s\\n' "$problem" | tail -n 1)"
        elif [ "$damaged" ]; then
            say error "configuration reloaded, but not with all certificates that it names" false
            seen=$now
        else
            say info "configuration reloaded" true
            seen=$now
        fi
    fi
    pause
done
`;

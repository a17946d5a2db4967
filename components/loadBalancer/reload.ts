export interface ReloadArgs {
    readonly caddyfile: string;
    /** File with a line `name certificate key` for each custom certificate: the two are paths of PEM files. */
    readonly list: string;
    /** Directory for what {@link snippetOf} names; not readable by others, since keys are copied there. */
    readonly snippets: string;
    readonly adminSocket: string;
    /** Seconds between two looks. */
    readonly interval: number;
}

/** The line of the Caddyfile that a site with the custom certificate of that name imports. */
export const snippetOf = (snippets: string, name: string): string => `${snippets}/${name}`;

/**
 * The script beside Caddy that reloads it when its files have changed and are valid; called with `prepare`, it only
 * writes the snippets, before Caddy starts.
 *
 * One certificate that is missing or damaged would stop the whole configuration, and with it every other site. So
 * each pair is tried alone first, and copied when it works. Where it does not, the site keeps the last one that did,
 * or is given one of Caddy's own authority.
 *
 * It compares contents: the kubelet swaps a symbolic link above mounted files, which watchers of the files miss. An
 * invalid file is reported once and changes nothing.
 */
export const reloadScript = ({ caddyfile, list, snippets, adminSocket, interval }: ReloadArgs): string => `#!/bin/sh
set -u
umask 077

say() {
    printf '{"level":"%s","logger":"reload","msg":"%s"}\\n' "$1" "$(printf '%s' "$2" | tr -d '\\000-\\037' | sed 's/[\\\\"]/\\\\&/g')"
}

contents() {
    {
        cat ${caddyfile} ${list}
        cut -d ' ' -f 2- ${list} | xargs cat
    } 2>/dev/null | sha256sum
}

works() {
    printf '{\\n\\tadmin off\\n\\tpersist_config off\\n\\tauto_https off\\n}\\nhttps://certificate.invalid {\\n\\ttls %s %s\\n}\\n' "$1" "$2" |
        caddy validate --adapter caddyfile --config - 2>&1
}

prepare() {
    mkdir -p ${snippets}
    while read -r name certificate key; do
        own=${snippets}/$name
        if problem=$(cp "$certificate" "$own.new.crt" 2>&1 && cp "$key" "$own.new.key" 2>&1 && works "$own.new.crt" "$own.new.key"); then
            mv "$own.new.crt" "$own.crt"
            mv "$own.new.key" "$own.key"
            printf 'tls %s %s\\n' "$own.crt" "$own.key" >"$own"
        else
            [ -s "$own" ] || printf 'tls internal\\n' >"$own"
            say error "the certificate of $name does not work and is not used: $(printf '%s\\n' "$problem" | tail -n 1)"
        fi
    done <${list}
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

until [ -S ${adminSocket} ]; do
    pause
done

# The first round reloads in any case: the files may have changed after Caddy read them.
seen=
while :; do
    now=$(contents)
    if [ "$now" != "$seen" ]; then
        prepare
        if ! problem=$(caddy validate --adapter caddyfile --config ${caddyfile} 2>&1); then
            say error "the new configuration is invalid, the old one stays: $(printf '%s\\n' "$problem" | tail -n 1)"
            seen=$now
        # Forced, since a new certificate leaves the text of the configuration as it was.
        elif problem=$(caddy reload --adapter caddyfile --config ${caddyfile} --address unix/${adminSocket} --force 2>&1); then
            say info "configuration reloaded"
            seen=$now
        else
            say error "the reload failed and will be tried again: $(printf '%s\\n' "$problem" | tail -n 1)"
        fi
    fi
    pause
done
`;

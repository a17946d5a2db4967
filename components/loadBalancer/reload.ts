export interface ReloadArgs {
    readonly caddyfile: string;
    /** Directory with one directory of `tls.crt` and `tls.key` for each custom certificate. */
    readonly certificates: string;
    readonly adminSocket: string;
    /** Seconds between two looks. */
    readonly interval: number;
}

/**
 * The script beside Caddy that reloads it when its files have changed and are valid.
 *
 * It compares contents: the kubelet swaps a symbolic link above mounted files, which watchers of the files miss. An
 * invalid file is reported once and changes nothing.
 */
export const reloadScript = ({ caddyfile, certificates, adminSocket, interval }: ReloadArgs): string => `#!/bin/sh
set -u

say() {
    printf '{"level":"%s","logger":"reload","msg":"%s"}\\n' "$1" "$(printf '%s' "$2" | tr -d '\\000-\\037' | sed 's/[\\\\"]/\\\\&/g')"
}

contents() {
    cat ${caddyfile} ${certificates}/*/tls.* 2>/dev/null | sha256sum
}

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

import { type Sh, sh, word } from "./languages/sh";

export interface VolumeLockArgs {
    /** File on the volume. */
    readonly file: string;
    /** Whether it is one of the server's own, which is not made: then there is no lock where it is missing. @default false */
    readonly exists?: boolean;
}

/**
 * The beginning of a command that waits until no other container has its volume; the server and its arguments follow as
 * further words.
 *
 * A pod that is deleted by force is replaced while its server may still run, and volumes keep two pods of one node
 * apart only where the storage supports `ReadWriteOncePod`. MariaDB, MySQL and MongoDB lock their files. PostgreSQL looks
 * for the other one's process, which it cannot see from its own container: then both write the same files.
 *
 * The lock is that of an open file, which all children inherit; the kernel takes it back when the last one has ended,
 * however that was. Images without `flock`, and volumes on which the file cannot be written, have none.
 */
export const withVolumeLock = ({ file, exists = false }: VolumeLockArgs): string[] => {
    const made: Sh = exists ? sh`` : sh` || true >"$lock"`;
    return [
        "sh",
        "-c",
        sh`lock=${word(file)}
if command -v flock >/dev/null && { [ -w "$lock" ]${made}; } 2>/dev/null; then
    exec 9>>"$lock"
    trap 'exit 143' TERM INT
    until flock -n 9; do
        [ "$waits" ] || echo "$lock is locked: another server has the volume; this one waits for its end" >&2
        waits=yes
        sleep 1 &
        wait "$!"
    done
fi
exec "$@"`,
        "sh",
    ];
};

import type { Engine } from "../../config/database";
import type { ContainerArgs } from "../pod";
import { upgradesInPlace } from "./series";
import { leastMemory } from "./sizing";

/** Where the guard sees the whole volume, read-only. */
const volume = "/volume";

/**
 * Stops the pod when the server of its image is not of the series that the tag promised, since a tag may lie or move,
 * or when another series wrote the data on the volume.
 *
 * It only reads, and runs with the image's own tools: the server, POSIX sh, head, tail, tr and sed. A first start that
 * was broken off leaves no version file; the header of the redo log then tells.
 *
 * @param root directory in which the volume is seen
 */
export const guardScript = (root = volume): string => `#!/bin/sh
set -eu
refuse() {
    echo "refused to start $SERIES: $1" >&2
    echo "nothing was written; the data are as they were, and an image of their own version starts on them" >&2
    exit 1
}
check() { # directory, series found in it
    [ "$2" != "$SERIES" ] || return 0
    [ "$2" ] || refuse "$1 holds data of an unknown version"
    [ "\${2%% *}" = "\${SERIES%% *}" ] || refuse "$1 holds data of another engine, $2: dump them and load them into an empty volume"
    [ "\${2%% *}" != postgres ] || refuse "$1 holds data of $2, which no other major version opens: dump them with $2 and load them into an empty volume"
    [ "$2" = "\${UPGRADE_FROM:-}" ] || refuse "$1 holds data of $2: make a backup, then agree to the upgrade with upgradeFrom"
    echo "upgrading $2 to $SERIES"
}
server() { # what the server of this image says of itself
    case "\${SERIES%% *}" in
        mariadb) mariadbd --no-defaults --version ;;
        mysql) mysqld --no-defaults --version ;;
        postgres) postgres --version ;;
    esac
}
server_series() { # what it said; mysqld may stand there with its path, and a number in it
    case "$1" in
        *PostgreSQL*) printf '%s\\n' "$1" | sed -n 's/.*PostgreSQL) \\([0-9][0-9]*\\).*/postgres \\1/p' ;;
        *MariaDB*) echo "mariadb $(printf '%s\\n' "\${1#*Ver }" | version)" ;;
        *" Ver "*) echo "mysql $(printf '%s\\n' "\${1#*Ver }" | version)" ;;
    esac
}
version() { sed -n 's/^[^0-9]*\\([0-9][0-9]*\\.[0-9][0-9]*\\).*/\\1/p' | head -n 1; }
redo() { head -c 48 "$1" | tail -c 32 | tr -cd 'A-Za-z0-9. ' | version; }
mysql_series() { # directory of a MariaDB or MySQL server
    # Only MySQL keeps its dictionary in this file.
    if [ -f "$1/mysql.ibd" ]; then
        found=
        if [ -f "$1/mysql_upgrade_history" ]; then
            found=$(tr -d '\\n' <"$1/mysql_upgrade_history" | sed 's/.*"version"//' | version)
        elif [ -f "$1/mysql_upgrade_info" ]; then
            found=$(version <"$1/mysql_upgrade_info")
        fi
        for log in "$1"/'#innodb_redo/#ib_redo'*; do
            [ -n "$found" ] || [ ! -f "$log" ] || found=$(redo "$log")
        done
        echo "\${found:+mysql $found}"
        return
    fi
    for info in mariadb_upgrade_info mysql_upgrade_info; do
        [ ! -f "$1/$info" ] || { echo "mariadb $(version <"$1/$info")"; return; }
    done
    [ ! -f "$1/ib_logfile0" ] || found=$(redo "$1/ib_logfile0")
    echo "\${found:+mariadb $found}"
}
told=$(server) || refuse "its image, named in images.\${SERIES%% *}, has no such server"
image=$(server_series "$told")
[ "$image" = "$SERIES" ] || refuse "its image, named in images.\${SERIES%% *}, holds \${image:-an unknown server} ($told): name one whose tag says what it holds"
for directory in ${root} ${root}/*; do
    if [ -d "$directory/mysql" ] || [ -f "$directory/ibdata1" ]; then
        found=
        check "$directory" "$(mysql_series "$directory")"
    fi
done
for directory in ${root} ${root}/data ${root}/*/docker; do
    [ -f "$directory/PG_VERSION" ] || continue
    check "$directory" "postgres $(tr -d ' \\n' <"$directory/PG_VERSION")"
    # Elsewhere the server would not find them, and start with nothing.
    [ "$directory" = "${root}/\${SERIES#postgres }/docker" ] || refuse "its data are expected in \${SERIES#postgres }/docker, not in $directory"
done
`;

export interface GuardArgs {
    readonly engine: Engine;
    readonly series: string;
    readonly upgradeFrom: string | undefined;
    readonly claim: string;
    /** ConfigMap with the script as `guard.sh`. */
    readonly configMap: string;
}

/** The init container that runs the guard: with the image's own user, and the volume read-only. */
export const guardContainer = ({ engine, series, upgradeFrom, claim, configMap }: GuardArgs): ContainerArgs => ({
    name: "check-volume",
    image: engine,
    command: ["sh", "/etc/plinth/guard.sh"],
    env: { SERIES: series, UPGRADE_FROM: upgradeFrom && upgradesInPlace(upgradeFrom, series) ? upgradeFrom : "" },
    // A server that only tells its version has its whole program in memory; the pod does not grow by what it takes itself.
    resources: { cpu: "10m", memory: `${leastMemory[engine]}Mi` },
    mounts: [
        { path: volume, claim, readOnly: true },
        { path: "/etc/plinth", configMap },
    ],
});

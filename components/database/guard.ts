import type { Engine } from "../../config/database";
import type { Image } from "../../config/images";
import { sh, type Sh, word } from "../languages/sh";
import type { ContainerArgs } from "../podArgs";
import { upgradesInPlace } from "./series";
import { leastMemory } from "./sizing";

/** Where the guard mounts the whole volume, read-only. */
const volume = "/volume";

/**
 * Stops the pod if the server in its image is not of the series in its tag, because tags may be wrong or move; if a
 * different series wrote the data on the volume; or if the data is not where the server would look for it, so that it
 * would create a new database next to the old one.
 *
 * DATA is the directory that the server uses; KEY the key of the volume in the stack's file. ADOPTED says that the user
 * has named data that are there: without them the server does not start. A database of the configured name must then
 * be among those of MariaDB and MySQL; of PostgreSQL only the server can tell.
 *
 * It only reads, and runs with the image's own tools: the server, POSIX sh, head, tail, tr and sed. A first start that
 * was broken off leaves no version file; the header of the redo log then tells.
 *
 * @param root directory in which the volume is seen
 * @param image key in `images` that names the server's image. @default the engine
 * @param galera whether the server is a member of a Galera cluster. @default false
 */
export const guardScript = (root = volume, image?: string, galera = false): Sh => sh`#!/bin/sh
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
    [ "\${2%% *}" != postgres ] || refuse "$1 holds data of $2, which no other major version opens: set images.${word(image ?? "postgres")} to a tag of $2, or dump them with $2 and load them into an empty volume"
    [ "$2" = "\${UPGRADE_FROM:-}" ] || refuse "$1 holds data of $2: make a backup, then agree to the upgrade with upgradeFrom"
    echo "upgrading $2 to $SERIES"
}
note() { # directory, series found in it
    if [ "$1" = "$expected" ]; then
        held=$1 held_series=$2
    elif [ -z "$other" ] || [ "$2" = "$SERIES" ]; then
        other=$1 other_series=$2
    fi
}
path_of() { # directory, as the path within the volume
    inner=\${1#${word(root)}}
    inner=\${inner#/}
    echo "\${inner:-.}"
}
not_ours() { # directory
    refuse "$1 belongs to user $(stat -c %u "$1"), and the server of this image runs as user $(id -u): take an image of the kind that wrote the data (PostgreSQL's -alpine images run as 70, the others as 999), or change the owner of all files on the volume"
}
holds_mysql() { # directory
    [ ! -f "$1/ibdata1" ] || return 0
    [ -d "$1/mysql" ] || return 1
    # The server's own database has no directory in it; a directory of data that is called mysql has.
    for inner in "$1"/mysql/*; do [ ! -d "$inner" ] || return 1; done
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
told=$(server) || refuse "its image, named in images.${image === undefined ? sh`\${SERIES%% *}` : word(image)}, has no such server"
image=$(server_series "$told")
[ "$image" = "$SERIES" ] || refuse "its image, named in images.${image === undefined ? sh`\${SERIES%% *}` : word(image)}, holds \${image:-an unknown server} ($told): name one whose tag says what it holds"
marks() { # directory
${
    galera
        ? sh`    # A copy of another member's data that was broken off counts for nothing: it is begun again.
    [ ! -f "$1/sst_in_progress" ] || exit 0
`
        : sh``
}    if [ "\${REPLICATED:-}" ]; then
        # A copy of the source that was broken off counts for nothing: it is begun again.
        [ ! -f "$1/plinth-seeding" ] || exit 0
        return
    fi
    [ ! -f "$1/plinth-seeding" ] || refuse "$1 holds a copy of another member's data that was broken off: go back to topology: replicated, which makes it anew"
    ! grep -qxE "role (replica|former)" "$1/plinth-member" 2>/dev/null || refuse "$1 holds the data of a replica, and another member was the source: go back to topology: replicated with that source, set database.source to 0, and launch; then this server has them all"
}
expected=${word(root)}
[ "$DATA" = . ] || expected=${word(root)}/$DATA
held='' held_series='' other='' other_series=''
marks "$expected"
for directory in ${word(root)} ${word(root)}/* ${word(root)}/*/*; do
    [ -d "$directory" ] || continue
    # What is not seen is not known to be empty. lost+found is root's everywhere.
    [ -r "$directory" ] || [ "\${directory##*/}" = lost+found ] || not_ours "$directory"
    if holds_mysql "$directory"; then
        found=
        note "$directory" "$(mysql_series "$directory")"
    # Each database of PostgreSQL has a file of that name, too; only the whole has them below it.
    elif [ -f "$directory/PG_VERSION" ] && [ -d "$directory/base" ]; then
        note "$directory" "postgres $(tr -d ' \\n' <"$directory/PG_VERSION")"
    fi
done
if [ -z "$held" ]; then
    if [ "$other" ]; then
        check "$other" "$other_series"
        refuse "the volume has data in $(path_of "$other"), and the server would begin anew in $DATA: set $KEY.path to \\"$(path_of "$other")\\""
    fi
    [ -z "$ADOPTED" ] || refuse "no data are in $DATA of the volume, though $KEY says that some are: name the directory that has them in $KEY.path, or the right volume"
    exit 0
fi
check "$held" "$held_series"
if [ "\${SERIES%% *}" = postgres ]; then
    # It starts on files of its own user only.
    [ -O "$held" ] || not_ours "$held"
elif [ "$ADOPTED" ] && [ ! -d "$held/$(printf %s "$DATABASE" | sed 's/-/@002d/g')" ]; then
    refuse "the data in $DATA have no database \\"$DATABASE\\": set database.name to the one that is meant"
fi
`;

export interface GuardArgs {
    readonly engine: Engine;
    readonly image: Image;
    readonly series: string;
    readonly upgradeFrom: string | undefined;
    readonly claim: string;
    /** Directory of the server's data, from the volume's root; `.` for the root itself. */
    readonly data: string;
    /** Whether the user has configured existing data. */
    readonly adopted: boolean;
    /** Key of the volume in the stack's file. */
    readonly key: string;
    /** Name of the platform's database. */
    readonly database: string;
    /** ConfigMap with the script as `guard.sh`. */
    readonly configMap: string;
    /** Whether the server is a member of a replicated database. @default false */
    readonly replicated?: boolean;
}

/** The init container that runs the guard, as the image's own user and with the volume read-only. */
export const guardContainer = (args: GuardArgs): ContainerArgs => ({
    name: "check-volume",
    image: args.image,
    command: ["sh", "/etc/plinth/guard.sh"],
    env: {
        SERIES: args.series,
        UPGRADE_FROM: args.upgradeFrom && upgradesInPlace(args.upgradeFrom, args.series) ? args.upgradeFrom : "",
        DATA: args.data,
        ADOPTED: args.adopted ? "yes" : "",
        KEY: args.key,
        DATABASE: args.database,
        ...(args.replicated ? { REPLICATED: "yes" } : {}),
    },
    // A server that only prints its version still loads its whole program into memory. This does not increase the pod's
    // total.
    resources: { cpu: "10m", memory: `${leastMemory[args.engine]}Mi` },
    mounts: [
        { path: volume, claim: args.claim, readOnly: true },
        { path: "/etc/plinth", configMap: args.configMap },
    ],
});

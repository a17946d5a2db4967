#!/bin/sh
# Before the server of a member starts: an empty one is filled from the source, with the source's position.
#
# Reads what member.sh reads, MARIADB_ROOT_PASSWORD and CNF, the server's configuration. Nothing that holds data is ever
# written to; a copy that was broken off is removed and begun again.
set -eu
. "$(dirname "$0")/member.sh"
: "${CNF:=/etc/mysql/conf.d/plinth.cnf}"

refuse() {
    echo "refused to start member $MEMBER: $1" >&2
    exit 1
}

read_declared
read_notes
holds=
[ ! -d "$DATA/mysql" ] || holds=yes
if [ -f "$reseed" ]; then
    [ "$source" != "$MEMBER" ] || refuse "it is declared the source, and would be filled from itself; remove plinth-reseed"
    holds=
elif [ -f "$seeding" ]; then
    holds=
elif [ "$holds" ]; then
    [ "$server_id" ] || [ "$source" = "$MEMBER" ] ||
        refuse "its volume has data that were never replicated, and member $source is to be the source: set database.source to $MEMBER"
    exit 0
elif [ "$MEMBER" = 0 ] && [ "$source" = 0 ]; then
    # Only the first member makes a new database, and only where nobody has one.
    for other in $(others); do
        [ "$(peer "$other" 'SELECT 1')" != 1 ] ||
            refuse "its volume is empty, but member $other has data: set database.source to $other, and this one is filled from it"
    done
    exit 0
fi

server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; exit 1' TERM INT
pause() {
    sleep "$1" &
    wait $!
}
local_password=
local_sql() { MYSQL_PWD=$local_password mariadb --no-defaults --skip-ssl --socket="$RUN/seed.sock" --user=root "$@"; }
# A server that nobody reaches, with an empty binary log: what it loads is not of its own making.
start_server() {
    mariadbd --defaults-file="$CNF" --datadir="$DATA" --socket="$RUN/seed.sock" --pid-file="$RUN/seed.pid" \
        --skip-networking --skip-slave-start --skip-log-bin --skip-read-only --innodb-flush-log-at-trx-commit=0 &
    server=$!
    tries=60
    until local_sql --execute='SELECT 1' >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$server" 2>/dev/null; then return 1; fi
        pause 0.5
    done
}
stop_server() {
    [ "$server" ] || return 0
    kill "$server" 2>/dev/null || :
    stopped=0
    wait "$server" || stopped=$?
    server=
    return "$stopped"
}
dump() { # ordinal
    address_of "$1"
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb-dump --no-defaults --skip-ssl --host="$host" --port="$port" --user=root \
        --all-databases --single-transaction --quick --master-data=1 --gtid --routines --events --triggers --hex-blob \
        --flush-privileges --default-character-set=utf8mb4
}
seed() { # ordinal
    : >"$seeding"
    sync
    find "$DATA" -mindepth 1 -maxdepth 1 ! -path "$seeding" ! -name lost+found -exec rm -rf {} + || return 1
    mariadb-install-db --no-defaults --cross-bootstrap --datadir="$DATA" --auth-root-authentication-method=normal --skip-test-db \
        --skip-log-bin >"$RUN/install.log" 2>&1 || { cat "$RUN/install.log" >&2; return 1; }
    local_password=
    start_server || return 1
    # A pipe tells only how its last command ended.
    { dump "$1" && status=0 || status=$?; echo "$status" >"$RUN/dump-status"; } |
        local_sql --default-character-set=utf8mb4 || return 1
    [ "$(cat "$RUN/dump-status")" = 0 ] || return 1
    # The accounts are the source's by now.
    local_password=$MARIADB_ROOT_PASSWORD
    # A table in memory would be empty after the restart, and the server would log that under the number of the first
    # transaction from the source that touches it: replication would end there.
    local_sql --batch --skip-column-names --execute="$conversions" >"$RUN/conversions.sql" || return 1
    local_sql <"$RUN/conversions.sql" || return 1
    stop_server || return 1
    new_server_id
    write_notes replica ''
    rm "$seeding"
    sync
}

while :; do
    read_declared
    if [ "$source" = "$MEMBER" ]; then
        say "member $MEMBER is declared the source, but has no data: set database.source to the member that has them, or to 0 where none has"
    elif [ "$(peer "$source" 'SELECT @@global.read_only')" != 0 ]; then
        say "waits for member $source, the source"
    else
        say "copies the data of member $source"
        if seed "$source"; then break; fi
        stop_server || :
        said=
        say "the copy of member $source broke off; it begins again"
        pause 10
    fi
    pause 2
done
said=
say "member $MEMBER has the data of member $source"

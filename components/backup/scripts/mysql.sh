#!/bin/sh
# MariaDB and MySQL through the clients of their own images. Passwords go by environment, never as arguments.

dump_file=database.sql.gz

client() { # mysql or mysqldump, account (own or root), arguments
    program=$1 user=$DB_USER password=$DB_PASSWORD
    if [ "$2" = root ]; then user=root password=$DB_ROOT_PASSWORD; fi
    shift 2
    set -- --protocol=tcp --host="$DB_HOST" --port="$DB_PORT" --user="$user" --default-character-set=utf8mb4 "$@"
    if [ "$ENGINE" = mariadb ]; then
        if [ -n "${DB_TLS_CA:-}" ]; then
            set -- --ssl --ssl-ca="$DB_TLS_CA" --ssl-verify-server-cert "$@"
        else
            # Encrypts where the server can, and does not insist on a certificate that is known here.
            set -- --skip-ssl-verify-server-cert "$@"
        fi
        program=$(printf '%s' "$program" | sed 's/^mysqldump$/mariadb-dump/; s/^mysql$/mariadb/')
    elif [ -n "${DB_TLS_CA:-}" ]; then
        set -- --ssl-mode="${DB_TLS_MODE:-VERIFY_IDENTITY}" --ssl-ca="$DB_TLS_CA" "$@"
    fi
    MYSQL_PWD=$password "$program" --no-defaults "$@"
}
ask() { client mysql "$1" --batch --raw --skip-column-names --execute="$2"; }

server_version() { ask own 'SELECT VERSION()'; }
engine_of() { case $1 in *MariaDB*) echo mariadb ;; *) echo mysql ;; esac; }
# A number that grows with the series: 10.11 is 10011.
series() { say "$1" | sed -n 's/^\([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | { read -r major minor && echo $((major * 1000 + minor)); }; }

text() { printf "'%s'" "$(printf '%s' "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"; }
# shellcheck disable=SC2016 # These quotes are SQL's.
identifier() { printf '`%s`' "$(printf '%s' "$1" | sed 's/`/``/g')"; }

# One transaction's view of all tables that know transactions, whatever is written meanwhile. Those in memory, which each
# restart of the server empties, need no warning.
dump() {
    others=$(ask own "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = $(text "$DB_NAME") AND TABLE_TYPE = 'BASE TABLE' AND ENGINE NOT IN ('InnoDB', 'MEMORY')" | tr '\n' ' ')
    [ -z "$others" ] || say "these tables know no transactions, so they may differ in time from the rest: $others"
    set -- --single-transaction --quick --routines --events --triggers --hex-blob
    [ "$ENGINE" = mariadb ] || set -- "$@" --no-tablespaces --set-gtid-purged=OFF --column-statistics=0
    # A pipe tells only how its last command ended.
    {
        client mysqldump own "$@" -- "$DB_NAME" && status=0 || status=$?
        echo "$status" >"$WORK/status"
    } | gzip >"$part/$dump_file" || fail "the dump could not be written"
    [ "$(cat "$WORK/status")" = 0 ] || fail "the dump broke off"
}
# The last line stands at the end of a dump that went to its end.
check_dump() {
    gzip -t "$1" || fail "$dump_file cannot be unpacked"
    case $(gzip -dc "$1" | tail -n 1) in
        '-- Dump completed'*) ;;
        *) fail "$dump_file has no end: the dump broke off" ;;
    esac
}

connections() { ask own 'SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()'; }

# A database with nothing but the dump in it.
fill() { # account, database, file
    ask "$1" "DROP DATABASE IF EXISTS $(identifier "$2"); CREATE DATABASE $(identifier "$2") CHARACTER SET $charset COLLATE $collation" || return 1
    {
        gzip -dc "$3" && status=0 || status=$?
        echo "$status" >"$WORK/status"
    } | client mysql "$1" -- "$2" || return 1
    [ "$(cat "$WORK/status")" = 0 ]
}
# Without this row the shop's pods know that what their cache holds is of another database.
forget_cache() {
    tables=$(ask own "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = $(text "$DB_NAME") AND TABLE_NAME = 'plinth_state'") || return 1
    [ "$tables" = 0 ] || ask own "DELETE FROM $(identifier "$DB_NAME").plinth_state WHERE name = 'cache'"
}
read_defaults() {
    defaults=$(ask own "SELECT CONCAT(DEFAULT_CHARACTER_SET_NAME, ' ', DEFAULT_COLLATION_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(text "$DB_NAME")")
    [ -n "$defaults" ] || fail "there is no database $DB_NAME"
    charset=${defaults% *} collation=${defaults#* }
}
# Loads into a database of its own, while the other is in use: from then on, only the second load keeps users waiting.
rehearse() { # file
    # The platform's own account may make no other database.
    [ -n "${DB_ROOT_PASSWORD:-}" ] || return 0
    read_defaults
    trial=${DB_NAME}_restore
    say "loading into $trial first, to see that the dump goes in to its end"
    if ! fill root "$trial" "$1"; then
        ask root "DROP DATABASE IF EXISTS $(identifier "$trial")" || say "$trial is still there; drop it by hand"
        fail "the dump does not load; $DB_NAME is as it was"
    fi
    ask root "DROP DATABASE $(identifier "$trial")" || fail "$trial cannot be dropped; $DB_NAME is as it was"
}
load() { # file
    read_defaults
    account=own
    [ -z "${DB_ROOT_PASSWORD:-}" ] || account=root
    code=$changed
    fill "$account" "$DB_NAME" "$1" || fail "loading $DB_NAME broke off: it holds a part of the backup only"
    forget_cache || fail "$DB_NAME is loaded, but its row \"cache\" of plinth_state is still there: empty the cache by hand"
}

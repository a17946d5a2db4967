#!/bin/sh
# Ready is the source while it accepts writes, and a replica while what it says is at most MAX_LAG seconds old.
# Logs in as the platform does: over TCP, where the entrypoint's temporary server does not answer.
set -eu
: "${RUN:=/run/mysqld}"
read_only=$(MYSQL_PWD=$MARIADB_PASSWORD mariadb --no-defaults --skip-ssl --batch --skip-column-names --host=127.0.0.1 \
    --user="$MARIADB_USER" --execute='SELECT @@global.read_only' "$MARIADB_DATABASE")
[ "$read_only" != 0 ] || exit 0
[ $(($(date +%s) - $(cat "$RUN/plinth-fresh"))) -le "$MAX_LAG" ]

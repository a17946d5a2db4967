#!/bin/sh
# Ready is a member that has all commits of the component. Logs in as the platform does: over TCP, where the entrypoint's
# temporary server does not answer.
set -eu
: "${PORT:=3307}"
ready=$(MYSQL_PWD=$MARIADB_PASSWORD mariadb --no-defaults --skip-ssl --batch --skip-column-names --host=127.0.0.1 \
    --port="$PORT" --user="$MARIADB_USER" --execute="SHOW GLOBAL STATUS LIKE 'wsrep_ready'" "$MARIADB_DATABASE")
[ "${ready##*[!A-Z]}" = ON ]

#!/bin/sh
# Ready is a member that has all commits of the component. Logs in as the platform does: over TCP, where the entrypoint's
# temporary server does not answer.
set -eu
: "${PORT:=3307}"
state=$(MYSQL_PWD=$MARIADB_PASSWORD mariadb --no-defaults --skip-ssl --batch --skip-column-names --host=127.0.0.1 --port="$PORT" \
    --user="$MARIADB_USER" --execute="SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_local_state')" "$MARIADB_DATABASE")
case $(echo "$state" | tr -s '\t\n' '  ') in
    # A donor has them, too.
    'wsrep_local_state 4 wsrep_ready ON '* | 'wsrep_local_state 2 wsrep_ready ON '*) ;;
    *) exit 1 ;;
esac

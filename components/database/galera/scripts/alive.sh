#!/bin/sh
# Whether a server that has started answers, on its socket. One that waits for others, or is filled by one, which may
# take hours, is not asked: its container ends when it does.
. "$(dirname "$0")/common.sh"
[ -f "$started" ] || exit 0
MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb-admin --no-defaults --user=root --socket="$socket" --connect-timeout=10 ping

#!/bin/sh
# Starts the server of a member of a replicated database by the image's entrypoint, read-only and with its replication
# at rest: the supervisor beside it decides what follows. Reads what member.sh reads, and STATEMENTS.
set -eu
. "$(dirname "$0")/member.sh"
: "${STATEMENTS:=/etc/plinth-accounts/init.sql}"

rm -f "$RUN"/plinth-*
read_declared
read_notes
if [ -z "$server_id" ]; then
    # Data of a single server, or none yet: a history begins. What was logged before may have gaps.
    rm -f "$DATA"/binlog.*
    new_server_id
    write_notes first ''
fi
set -- --server-id="$server_id" "$@"
# After a crash its binary log may end in commits that nobody was told of. They are cut off where another member has
# been promoted; where none has, they must stay, since the same cut would lose commits that were acknowledged: as it
# would those of a source that went on alone, which then is no replica any more until somebody has looked at them.
# https://mariadb.com/kb/en/semisynchronous-replication/
if was_source && { [ "$source" != "$MEMBER" ] || another_is_open; }; then
    last=$(find "$DATA" -maxdepth 1 -name 'binlog.[0-9]*' | sort | tail -n 1)
    kept=$DATA/plinth-superseded-$led.${last##*.}
    [ -z "$last" ] || [ -f "$kept" ] || cp -p "$last" "$kept"
    [ "$alone" = yes ] || set -- --init-rpl-role=SLAVE "$@"
fi
if was_source && [ "$source $led" != "$MEMBER $term" ]; then write_notes former "$led"; fi
if [ -d "$DATA/mysql" ]; then set -- --init-file="$STATEMENTS" "$@"; fi
exec docker-entrypoint.sh mariadbd "$@"

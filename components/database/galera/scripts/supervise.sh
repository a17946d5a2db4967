#!/bin/sh
# Beside the server of a Galera member: answers for it to the other members and to the proxies, and makes it the one
# that takes writes, or not.
#
# Which member takes writes stands in a table, plinth.writer, so that all members of a component agree on it. It changes
# only when that member is no part of the component any more: the others then write their own ordinal, of which one is
# certified. All members start read-only.
#
# Reads what common.sh reads, MARIADB_USER, MARIADB_ROOT_PASSWORD, and PERIOD, the seconds between two looks.
set -u
. "$(dirname "$0")/common.sh"
: "${PERIOD:=0.5}"

sql() { # statements, in which no secret stands
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD timeout 10 mariadb --no-defaults --skip-ssl --batch --skip-column-names \
        --socket="$socket" --user=root --execute="$1"
}
# No connection of the platform stays on a server that takes no writes any more. Without wsrep, it obeys also where it
# has no majority.
closing="SET SESSION wsrep_on = OFF; KILL CONNECTION USER '$MARIADB_USER'@'%';
    SET SESSION lock_wait_timeout = 4; SET GLOBAL read_only = ON; KILL CONNECTION USER '$MARIADB_USER'@'%'"
# What a server says of itself: also where it is no part of a component, and may have old data.
questions="SET SESSION wsrep_dirty_reads = ON, wsrep_sync_wait = 0;
    SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_local_state', 'wsrep_ready', 'wsrep_incoming_addresses');
    SELECT 'hidden', @@global.skip_networking;
    SELECT 'read_only', @@global.read_only;
    SELECT 'table', COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'plinth' AND TABLE_NAME = 'writer';
    SELECT 'writer', member, term FROM plinth.writer"

look() {
    component='' state=0 ready='' present='' hidden='' closed='' table='' writer='' term=''
    # Without the table the last of them fails.
    answers=$(sql "$questions" 2>/dev/null)
    while read -r key value more; do
        case $key in
            wsrep_cluster_status) component=$value ;;
            wsrep_local_state) state=$value ;;
            wsrep_ready) ready=$value ;;
            wsrep_incoming_addresses) present=,$value, ;;
            hidden) hidden=$value ;;
            read_only) closed=$value ;;
            table) table=$value ;;
            writer) writer=$value term=$more ;;
        esac
    done <<END
$answers
END
    # The entrypoint's temporary server is none to decide about.
    [ "$closed" ] && [ "$hidden" = 0 ]
}
# Whether this member is a part of the component, with all of its commits: a donor is, too.
is_member() { [ "$component $ready" = 'Primary ON' ]; }
is_present() { case $present in *",member-$1:"*) return 0 ;; *) return 1 ;; esac; }
is_first() {
    ordinal=0
    while [ "$ordinal" -lt "$MEMBER" ]; do
        ! is_present "$ordinal" || return 1
        ordinal=$((ordinal + 1))
    done
}
tell() {
    open=no
    [ "$closed" != 0 ] || open=yes
    put "$view" "phase=runs component=$component state=$state open=$open at=$(now)"
}
open_server() {
    sql 'SET GLOBAL read_only = OFF' || return 0
    closed=0
    say "member $MEMBER takes the writes (term $term)"
}
close_server() { # reason
    # The proxies leave it first.
    closed=1
    tell
    sql "$closing" 2>/dev/null
    say "member $MEMBER takes no writes any more: $1"
}
# The writer is gone: another takes its place, the first present one, or, where that cannot, any other.
absent=
claim() {
    if [ "$absent" != "$term" ]; then absent=$term absent_since=$(now); fi
    is_first || [ $(($(now) - absent_since)) -ge 3 ] || return 0
    problem=$(sql "UPDATE plinth.writer SET member = $MEMBER, term = term + 1 WHERE term = $term" 2>&1) ||
        say "member $MEMBER cannot take the writes: $problem"
}
decide() {
    if ! is_member; then
        [ "$closed" != 0 ] || close_server "it is no part of the component ($component, state $state)"
        return 0
    fi
    if [ "$table" = 0 ] || [ -z "$writer" ]; then
        is_first || return 0
        sql "CREATE DATABASE IF NOT EXISTS plinth;
            CREATE TABLE IF NOT EXISTS plinth.writer (id INT PRIMARY KEY, member INT NOT NULL, term INT NOT NULL)
                ENGINE = InnoDB;
            INSERT IGNORE INTO plinth.writer VALUES (1, $MEMBER, 1)" 2>/dev/null
    elif [ "$writer" = "$MEMBER" ]; then
        [ "$closed" = 0 ] || [ -f "$leaving" ] || open_server
        absent=
    else
        [ "$closed" != 0 ] || close_server "member $writer takes them"
        if is_present "$writer"; then absent=; elif [ ! -f "$leaving" ]; then claim; fi
    fi
}
# Whether something has held for ten seconds.
since=
lasts() {
    since=${since:-$(now)}
    [ $(($(now) - since)) -ge 10 ]
}
# A server that has left the others because it could not apply what they have committed stays outside of them; and one
# that runs without a majority would wait for ever for members that have restarted, and wait in turn for it to say what
# it has.
step_back() {
    why=
    case $component in
        Primary) ;;
        Disconnected) why="it has left the others" ;;
        *)
            for other in $(others); do
                ask "$other"
                case $told in 'phase=waits '*) why="it has no majority, and member $other waits to hear what it has" ;; esac
            done
            ;;
    esac
    if [ -z "$why" ]; then
        since=
    elif lasts; then
        say "member $MEMBER restarts, because $why"
        sql 'SET SESSION wsrep_on = OFF; SHUTDOWN' 2>/dev/null
        since=
    fi
}

ending=
# It answers for the server until that has ended.
trap 'ending=yes' TERM INT
while :; do
    # It reports each client that hangs up.
    socat "TCP-LISTEN:$AGENT_PORT,fork,reuseaddr,backlog=64" "EXEC:sh $(dirname "$0")/answer.sh" 2>/dev/null
    sleep 1
done &
agent=$!
while :; do
    if look; then
        [ -f "$started" ] || : >"$started"
        decide
        tell
        step_back
    else
        rm -f "$view"
        [ -z "$ending" ] || break
    fi
    sleep "$PERIOD" &
    wait $!
done
kill "$agent"

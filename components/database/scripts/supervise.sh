#!/bin/sh
# Beside the server of a member: makes it what the file CONTROL/source declares, step by step, and goes on looking.
#
# Reads what member.sh reads, MARIADB_USER, MARIADB_ROOT_PASSWORD, REPLICATION_PASSWORD (letters and digits), STATEMENTS
# as start.sh does, GRACE, the seconds in which the former source may come back before another takes its place without
# it, NOTICE, those of them that follow the declaration, in which a source that only does not answer here closes by
# itself, PATIENCE, the seconds after which one that was fenced, and is told of no other source, looks for commits of
# others and opens again, and PERIOD, the quarters of a second between two looks. A new declaration is read within one
# quarter, and the steps that follow from it are taken as fast.
#
# Who may open claims that first, by rpl_semi_sync_master_enabled, looks at all others once more, and opens only if it
# still may, and has the claim: of two at the same moment, at least one sees the other.
set -u
. "$(dirname "$0")/member.sh"
: "${STATEMENTS:=/etc/plinth-accounts/init.sql}" "${GRACE:=20}" "${NOTICE:=3}" "${PATIENCE:=120}" "${PERIOD:=8}"
account=plinth-replication
# No connection of the platform stays on a server that takes no writes any more. The setting waits for commits that are
# on their way, and for a replica to have them; it is made once more for a server that has opened in between.
fencing="KILL CONNECTION USER '$MARIADB_USER'@'%'; SET SESSION lock_wait_timeout = 4; SET GLOBAL read_only = ON;
    KILL CONNECTION USER '$MARIADB_USER'@'%'; SET GLOBAL rpl_semi_sync_master_enabled = OFF; SET GLOBAL read_only = ON"

sql() {
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --no-defaults --skip-ssl --batch --socket="$socket" --user=root "$@"
}
# Statements in which no secret stands.
ask() { sql --skip-column-names --execute="$1"; }
now() { date +%s; }
# Whether a position is in a history. No server's id belongs to two histories, and all transactions are of the domain 0.
has() { # position, the last one of each server
    [ "$1" ] || return 0
    for one in $2; do
        if [ "${one%-*}" = "${1%-*}" ] && [ "${one##*-}" -ge "${1##*-}" ]; then return 0; fi
    done
    return 1
}
# What a server says of itself and of its replication, in variables: nothing of itself if it is the entrypoint's
# temporary one, which a first start and an upgrade have. Backed are commits that wait for a replica.
state="SELECT @@global.read_only AS Closed, @@global.rpl_semi_sync_master_enabled AS Claims,
    @@global.gtid_current_pos AS Position, REPLACE(@@global.gtid_binlog_state, ',', ' ') AS History,
    (SELECT COUNT(*) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_clients'
        AND VARIABLE_VALUE > 0 OR VARIABLE_NAME = 'Rpl_semi_sync_master_status' AND VARIABLE_VALUE = 'ON') AS Backed
    FROM DUAL WHERE NOT @@global.skip_networking;
    SHOW REPLICA STATUS"
read_state() { # what it said
    closed='' claims='' position='' history='' backed='' master='' master_port='' received='' io='' applier='' lag=''
    io_error='' sql_error=''
    while read -r key value; do
        case $key in
            Closed:) closed=$value ;;
            Claims:) claims=$value ;;
            Position:) position=$value ;;
            History:) history=$value ;;
            Backed:) backed=$value ;;
            Master_Host:) master=$value ;;
            Master_Port:) master_port=$value ;;
            Gtid_IO_Pos:) received=$value ;;
            Slave_IO_Running:) io=$value ;;
            Slave_SQL_Running:) applier=$value ;;
            Seconds_Behind_Master:) lag=$value ;;
            Last_IO_Error:) io_error=$value ;;
            Last_SQL_Error:) sql_error=$value ;;
        esac
    done <<END
$1
END
    follows=$master:$master_port
    [ "$closed" ]
}
look() { own=$(sql --vertical --execute="$state" 2>/dev/null) && read_state "$own"; }
# Of the member at `host` and `port`, while this server runs: whether all that it acknowledged while it was the declared
# source is here or at another replica, and when it was last heard of.
is_attached() { { read -r attached heard_at <"$RUN/plinth-attached"; } 2>/dev/null && [ "$attached" = "$host:$port" ]; }
attach() { echo "$host:$port $(now)" >"$RUN/plinth-attached"; }
hear() { if is_attached; then attach; fi; }

# A source.

open() {
    # Replicas begin with a copy of what is there now, so a history begins here.
    begin=
    [ "$role" != first ] || begin="; RESET MASTER; SET GLOBAL gtid_slave_pos = ''"
    if [ "$own_claims" = 0 ]; then
        ask 'SET GLOBAL rpl_semi_sync_master_enabled = ON'
    # On a new database the image has made the accounts, but not that of the replicas.
    elif ask "STOP REPLICA; RESET REPLICA ALL$begin" && sql <"$STATEMENTS"; then
        write_notes source "$term" yes
        rm -f "$RUN/plinth-attached"
        : >"$RUN/plinth-opened"
        ask 'SET GLOBAL read_only = NOT @@global.rpl_semi_sync_master_enabled'
    fi
}
lead() {
    hurry=yes
    if [ "$closed" = 0 ]; then
        rm -f "$RUN/plinth-fresh"
        [ "$claims" = 1 ] || ask 'SET GLOBAL rpl_semi_sync_master_enabled = NOT @@global.read_only'
        now_alone=yes
        [ "$backed" != 2 ] || now_alone=no hurry=
        if [ "$role $led $alone" != "source $term $now_alone" ]; then
            write_notes source "$term" "$now_alone"
            [ "$now_alone" = no ] || say "no replica has what is committed now"
        fi
        turn=$(((turn + 1) % 5))
        # A restart empties tables in memory on one member only, and the others' next change of their rows would fail.
        # Who waits for a table keeps all others waiting who come after.
        [ "$turn" != 0 ] || ask "$conversions" | while read -r statement; do
            ask "SET STATEMENT lock_wait_timeout = 1 FOR $statement" && echo "$statement"
        done
        say "member $MEMBER is the source"
    elif [ -f "$RUN/plinth-opened" ]; then
        is_replaced
        rm "$RUN/plinth-opened"
    elif [ "$role $led" = "former $term" ] && ! has_waited; then
        say "was fenced or replaced by another member, and waits to be told why"
    elif own_claims=$claims own_history=$history && may_open; then
        open
    elif [ "$own_claims" = 1 ]; then
        ask 'SET GLOBAL rpl_semi_sync_master_enabled = OFF'
    fi
}
may_open() { case "$role $led" in first* | "source $term") resume ;; *) take_over ;; esac; }
# A history begins, or it has been the source in this very term: nobody was declared in between, unless its file is out
# of date, which then follows within a minute or two. So nothing is taken from others, and silent ones are not waited for.
resume() {
    for other in $(others); do
        read_state "$(peer "$other" "$state" --vertical)" || continue
        if [ "$closed$claims" != 10 ]; then
            say "is declared the source, but member $other is it, or is about to be"
            [ "$role$closed" != source0 ] || is_replaced
            return 1
        fi
        if [ "$role" = first ] || is_lost "$other"; then continue; fi
        has "$position" "$own_history" && has "$received" "$own_history" && continue
        is_replaced
        return 1
    done
}
# Another one may have taken its place: it remembers that, also for its next start, when it may find nobody.
is_replaced() {
    write_notes former "$led"
    fenced_at=
}
# Whether all others have said for so long that they take no writes that it was one whose file was out of date.
has_waited() {
    [ "$fenced_at" ] || fenced_at=$(now)
    for other in $(others); do
        closes=$(peer "$other" 'SELECT @@global.read_only AND NOT @@global.rpl_semi_sync_master_enabled')
        is_lost "$other" || [ "$closes" = 1 ] || fenced_at=$(now)
    done
    [ $(($(now) - fenced_at)) -ge "$PATIENCE" ]
}

# Another member was the source, or may have been: first it gets all that others have.
take_over() {
    own_follows="$follows $io" ahead='' heard='' silent=''
    [ "$io" != Yes ] || heard=" $follows "
    for other in $(others); do
        if ! read_state "$(peer "$other" "$state" --vertical)"; then
            silent="$silent $other"
            continue
        fi
        address_of "$other"
        hear
        [ "$io" != Yes ] || heard="$heard $follows "
        # Fenced, it takes no commit more, and what it has taken is waited for: so only who follows it may do so.
        if [ "$closed$claims" = 11 ] || { [ "$closed" = 0 ] && { is_lost "$other" || [ "$own_follows" = "$host:$port Yes" ]; }; }; then
            say "fences member $other"
            peer "$other" "$fencing"
            return 1
        elif [ "$closed" = 0 ]; then
            # It commits without this one.
            rm -f "$RUN/plinth-attached"
            read_state "$own"
            say "cannot take the place of member $other before it follows that${io_error:+: $io_error}"
            follow_member "$other"
            return 1
        fi
        is_lost "$other" && continue
        if ! has "$received" "$history"; then
            say "waits for member $other, which applies what it has received${sql_error:+: $sql_error}"
            return 1
        fi
        has "$position" "$own_history" || ahead=${ahead:-$other}
    done
    for other in $silent; do may_be_absent "$other" || return 1; done
    read_state "$own"
    if ! has "$received" "$history"; then
        say "applies what it has received${sql_error:+: $sql_error}"
        return 1
    fi
    [ "$ahead" ] || return 0
    say "gets from member $ahead what it lacks${io_error:+: $io_error. Declare the right source; or, to give up what that one holds, set database.lost: [$ahead]}"
    follow_member "$ahead"
    return 1
}
# Whether a member that does not answer is waited for no more.
may_be_absent() { # ordinal
    is_lost "$1" && return 0
    address_of "$1"
    case $heard in
        *" $host:$port "*)
            hear
            say "waits for member $1, which does not answer here, but still sends what it commits"
            return 1
            ;;
    esac
    if ! is_attached; then
        say "waits for member $1, which may have commits that this one lacks: this one was not connected to it while it was the source, or not since its own start; if that is lost for good, or has never had any data, set database.lost: [$1]"
        return 1
    fi
    time=$(now)
    [ $((time - heard_at)) -lt "$GRACE" ] || [ $((time - declared_at)) -lt "$NOTICE" ] || return 0
    say "waits up to $GRACE s for member $1, the former source"
    return 1
}

# A replica.

follow_member() { # ordinal
    address_of "$1"
    if [ "$follows" = "$host:$port" ] && [ "$io" != No ] && [ "$applier" != No ]; then return 0; fi
    # What has gone wrong is tried again once in a while.
    half_minute=$(($(now) / 30))
    [ "$follows $tried" != "$host:$port $1 $half_minute" ] || return 0
    tried="$1 $half_minute"
    position=
    # What it has written itself, when it was the source, is where it stands.
    [ "$role" = replica ] || position='SET GLOBAL gtid_slave_pos = @@global.gtid_current_pos;'
    sql <<END
STOP REPLICA;
$position
CHANGE MASTER TO MASTER_HOST = '$host', MASTER_PORT = $port, MASTER_USER = '$account',
    MASTER_PASSWORD = '$REPLICATION_PASSWORD', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 2,
    MASTER_HEARTBEAT_PERIOD = 2, MASTER_SSL = 0, MASTER_SSL_VERIFY_SERVER_CERT = 0;
START REPLICA;
END
}
follow() {
    if [ "$role" = first ]; then
        say "has data that were never replicated, and member $source is to be the source: set database.source to $MEMBER"
        return 0
    fi
    if [ "$closed$claims" != 10 ]; then
        ask "$fencing" || return 0
        say "takes no writes any more: member $source is to be the source"
    fi
    rm -f "$RUN/plinth-opened"
    [ "$role" != source ] || write_notes former "$led"
    address_of "$source"
    # Where commits do not wait for replicas, those that are connected have what they can.
    answer=$(peer "$source" "SELECT @@global.read_only, IF(@@global.rpl_semi_sync_slave_enabled, VARIABLE_VALUE, 'ON'),
        @@global.gtid_binlog_pos FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_status'")
    hurry=yes
    # A source that is not one yet still needs what the former one has, and a silent one is waited for.
    case $answer in 0*) { is_attached || rm -f "$RUN/plinth-attached"; } && follow_member "$source" ;; esac
    [ "$follows" = "$host:$port" ] || { seen='' && return 0; }
    # It has caught up with what that had one look ago, and commits have waited for a replica since.
    case $answer$io in
        0*ON*Yes)
            if [ "$seen" ] && has "$seen" "$history $received"; then attach; fi
            seen=${answer##*[!0-9-]}
            ;;
        0*) seen='' && rm -f "$RUN/plinth-attached" ;;
    esac
    [ "$io" != Yes ] || hear
    [ "$io" != Yes ] || [ "$role" = replica ] || write_notes replica "$led"
    case $io_error in
        '') ;;
        *' 1236 '*) say "does not fit member $source, the source, and is left as it is: $io_error. Look at what it holds; to give that up and copy the source: touch $reseed, and delete the pod" ;;
        *) say "is not connected: $io_error" ;;
    esac
    [ -z "$sql_error" ] || say "cannot apply: $sql_error"
    case $io$applier$lag in
        YesYes[0-9]*)
            echo "$(($(now) - lag))" >"$RUN/plinth-fresh.new"
            mv "$RUN/plinth-fresh.new" "$RUN/plinth-fresh"
            say "member $MEMBER is a replica of member $source"
            hurry=
            ;;
    esac
}

# Until the next look. Where another step may be possible at once, others wait for it; but a state that lasts is none of
# those.
rest() {
    ticks=$PERIOD
    if [ "$hurry" ] && [ $(($(now) - declared_at)) -lt 30 ]; then ticks=1; fi
    while [ "$ticks" -gt 0 ]; do
        # As process 1 it would not be stopped by a signal that it does not handle.
        sleep 0.25 &
        idle=$!
        wait "$idle"
        ticks=$((ticks - 1))
        read_declared
        [ "$source $term $lost" = "$declared" ] || return 0
    done
}

idle='' fenced_at='' tried='' seen='' turn=0 declared='' declared_at=0
trap '[ -z "$idle" ] || kill "$idle"; exit 0' TERM INT
while :; do
    read_declared
    read_notes
    hurry=
    # While a new file takes the place of the old one, neither may be there.
    if [ "$source" ] && [ "$source $term $lost" != "$declared" ]; then
        declared="$source $term $lost" declared_at=$(now)
        say "term $term: member $source is to be the source${lost:+, without $lost}"
    fi
    if [ "$source" ] && [ "$server_id" ] && look; then
        if [ "$source" = "$MEMBER" ]; then lead; else follow; fi
    fi
    rest
done

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
# Who opens claims that first, by rpl_semi_sync_master_enabled, then looks at all others, and opens only if it still has
# the claim: of two at the same moment, at least one sees the other. Whoever is to be the source takes claims away.
set -u
. "$(dirname "$0")/member.sh"
: "${STATEMENTS:=/etc/plinth-accounts/init.sql}" "${GRACE:=20}" "${NOTICE:=3}" "${PATIENCE:=120}" "${PERIOD:=8}"
account=plinth-replication
# No connection of the platform stays on a server that takes no writes any more. The setting waits for commits that are
# on their way.
fencing="KILL CONNECTION USER '$MARIADB_USER'@'%'; SET SESSION lock_wait_timeout = 4; SET GLOBAL read_only = ON;
    KILL CONNECTION USER '$MARIADB_USER'@'%'; SET GLOBAL rpl_semi_sync_master_enabled = OFF"

sql() {
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --no-defaults --skip-ssl --batch --socket="$socket" --user=root "$@"
}
# Statements in which no secret stands.
ask() { sql --skip-column-names --execute="$1"; }
now() { date +%s; }
# Whether a position's last transaction is in a history: no server's id belongs to two histories. All are of the domain 0.
has() { # position, history
    last=${1##*,}
    [ "$last" ] || return 0
    for one in $(echo "$2" | tr , ' '); do
        if [ "${one%-*}" = "${last%-*}" ] && [ "${one##*-}" -ge "${last##*-}" ]; then return 0; fi
    done
    return 1
}
# What a server says of itself and of its replication, in variables.
state="SELECT @@global.skip_networking AS Hidden, @@global.read_only AS Closed,
    @@global.rpl_semi_sync_master_enabled AS Claims,
    @@global.gtid_current_pos AS Position, @@global.gtid_binlog_state AS History,
    (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_clients') AS Clients,
    (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_status') AS Acknowledged;
    SHOW REPLICA STATUS"
read_state() { # what it said
    hidden='' closed='' claims='' position='' history='' clients=0 acknowledged='' master='' master_port='' received=''
    io='' applier='' lag='' io_error='' io_errno=0 sql_error='' sql_errno=0
    while read -r key value; do
        case $key in
            Hidden:) hidden=$value ;;
            Closed:) closed=$value ;;
            Claims:) claims=$value ;;
            Position:) position=$value ;;
            History:) history=$value ;;
            Clients:) clients=$value ;;
            Acknowledged:) acknowledged=$value ;;
            Master_Host:) master=$value ;;
            Master_Port:) master_port=$value ;;
            Gtid_IO_Pos:) received=$value ;;
            Slave_IO_Running:) io=$value ;;
            Slave_SQL_Running:) applier=$value ;;
            Seconds_Behind_Master:) lag=$value ;;
            Last_IO_Errno:) io_errno=$value ;;
            Last_IO_Error:) io_error=$value ;;
            Last_SQL_Errno:) sql_errno=$value ;;
            Last_SQL_Error:) sql_error=$value ;;
        esac
    done <<END
$1
END
    follows=$master:$master_port history=$history,$position
}
# The entrypoint's temporary server, which a first start and an upgrade have, is none to decide about.
look() { answer=$(sql --vertical --execute="$state") && read_state "$answer" && [ "$hidden" = 0 ]; }

# A source.

open() {
    ask "SET GLOBAL rpl_semi_sync_master_enabled = ON" || return 1
    if another_is_open @@global.rpl_semi_sync_master_enabled; then
        ask "SET GLOBAL rpl_semi_sync_master_enabled = OFF"
        say "is declared the source, but member $open_member is it, or is about to be"
        return 0
    fi
    ask 'STOP REPLICA; RESET REPLICA ALL' || return 1
    # Replicas begin with a copy of what is there now, so a history begins here.
    if [ "$role" = first ]; then ask "RESET MASTER; SET GLOBAL gtid_slave_pos = ''" || return 1; fi
    # On a new database the image has made the accounts, but not that of the replicas.
    sql <"$STATEMENTS" || return 1
    write_notes source "$term" yes
    ask 'SET GLOBAL read_only = NOT @@global.rpl_semi_sync_master_enabled' || return 1
    : >"$RUN/plinth-opened"
    absent=
}
lead() {
    if [ "$closed" = 0 ]; then
        rm -f "$RUN/plinth-fresh"
        # It may have been opened while another one fenced it.
        [ "$claims" = 1 ] || ask "SET GLOBAL rpl_semi_sync_master_enabled = ON"
        [ "$role $led" = "source $term" ] || write_notes source "$term"
        now_alone=yes
        [ "$acknowledged" != ON ] || [ "$clients" = 0 ] || now_alone=no
        if [ "$alone" != "$now_alone" ]; then
            write_notes source "$term" "$now_alone"
            [ "$now_alone" = no ] || say "no replica has what is committed now"
        fi
        [ "$now_alone" = no ] || hurry=yes
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
    elif [ "$role" = first ]; then
        open
    elif [ "$role $led" = "former $term" ] && ! has_waited; then
        say "was fenced or replaced by another member, and waits to be told why"
    else
        take_over
    fi
}
# Where it has been the source in this very term, nobody was declared in between, unless its file is out of date, which
# then follows within a minute or two: nothing is taken from others, and the silent ones are not waited for.
was_it() { [ "$role $led" = "source $term" ]; }
# Another one may have taken its place: it remembers that, also for its next start, when it may find nobody.
is_replaced() {
    write_notes former "$led"
    fenced_at=
}
# Whether nobody else has been the source, or about to be, for so long that it was another one whose file was out of date.
has_waited() {
    if [ -z "$fenced_at" ] || another_is_open @@global.rpl_semi_sync_master_enabled; then fenced_at=$(now); fi
    [ $(($(now) - fenced_at)) -ge "$PATIENCE" ]
}

# A member that is to be the source: first it gets all that others have.
take_over() {
    own_follows=$follows own_io=$io own_applier=$applier own_error=$io_error$sql_error own_history=$history
    own_received=$received ahead='' heard='' silent='' hurry=yes
    [ "$io" != Yes ] || heard=" $follows "
    for other in $(others); do
        answer=$(peer "$other" "$state" --vertical)
        if [ -z "$answer" ]; then
            silent="$silent $other"
            continue
        fi
        read_state "$answer"
        address_of "$other"
        [ "$absent" != "$other" ] || absent=
        [ "$io" != Yes ] || heard="$heard $follows "
        if [ "$closed$claims" != 10 ]; then
            if ! was_it; then
                fence_member "$other"
            elif [ "$closed" = 0 ]; then
                is_replaced
            fi
            return 0
        fi
        is_lost "$other" && continue
        if ! was_it && ! has "$received" "$history"; then
            say "waits for member $other, which applies what it has received${sql_error:+: $sql_error}"
            return 0
        fi
        { has "$position" "$own_history" && has "$received" "$own_history"; } || ahead=${ahead:-$other}
    done
    for other in $silent; do was_it || may_be_absent "$other" || return 0; done
    as_own
    if ! has "$own_received" "$own_history"; then
        say "applies what it has received${own_error:+: $own_error}"
    elif [ "$ahead" ] && was_it; then
        is_replaced
    elif [ "$ahead" ]; then
        say "gets from member $ahead what it lacks${own_error:+: $own_error. Declare the right source; or, to give up what that one holds, set database.lost: [$ahead]}"
        follow_member "$ahead"
    else
        open
    fi
}
as_own() { follows=$own_follows io=$own_io applier=$own_applier; }
# Fenced, a source takes no commit more; what it has taken is waited for. So only who follows it may take its place.
fence_member() { # ordinal
    as_own
    if is_lost "$1" || { [ "$follows" = "$host:$port" ] && [ "$io" = Yes ]; }; then
        say "fences member $1"
        peer "$1" "$fencing"
    else
        say "cannot take the place of member $1 before it follows that${own_error:+: $own_error}"
        follow_member "$1"
    fi
}
# Since when a member neither answers nor sends: what a replica has seen before it is declared the source counts, too.
is_absent() { # ordinal
    [ "$absent" = "$1" ] || absent=$1 absent_since=$(now)
}
# Whether a member that does not answer is waited for no more.
may_be_absent() { # ordinal
    is_lost "$1" && return 0
    address_of "$1"
    case $heard in
        *" $host:$port "*)
            absent=
            say "waits for member $1, which does not answer here, but still sends what it commits"
            return 1
            ;;
    esac
    if [ "$role" != replica ] || [ "$own_follows" != "$host:$port" ]; then
        say "waits for member $1, which may have what this one lacks; if it is lost for good, or has never had any data, set database.lost: [$1]"
        return 1
    fi
    if [ "$(cat "$RUN/plinth-attached" 2>/dev/null)" != "$own_follows" ]; then
        say "has not heard from member $1, the source, since its own start, or since that took writes without it, and may lack commits; bring that back, or accept their loss with database.lost: [$1]"
        return 1
    fi
    is_absent "$1"
    time=$(now)
    [ $((time - absent_since)) -lt "$GRACE" ] || [ $((time - declared_at)) -lt "$NOTICE" ] || return 0
    say "waits up to $GRACE s for member $1, the former source"
    return 1
}

# A replica.

follow_member() { # ordinal
    address_of "$1"
    if [ "$follows" = "$host:$port" ] && [ "$io" != No ] && [ "$applier" != No ]; then return 0; fi
    # What has gone wrong is tried again once in a while.
    [ "$follows $tried" != "$host:$port $1 $(($(now) / 30))" ] || return 0
    tried="$1 $(($(now) / 30))"
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
    answer=$(peer "$source" "SELECT @@global.read_only, VARIABLE_VALUE, @@global.gtid_binlog_pos
        FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_status'")
    if [ -z "$answer" ] && [ "$follows" = "$host:$port" ] && [ "$io" != Yes ]; then is_absent "$source"; else absent=; fi
    hurry=yes
    # A source that is not one yet still needs what the former one has, and a silent one is waited for.
    case $answer in 0*) follow_member "$source" ;; esac
    if [ "$follows" != "$host:$port" ]; then
        seen=
        return 0
    fi
    # Whether all that it has acknowledged is here or at another replica: this one has caught up with what it had
    # one look ago, and its commits have waited for a replica since.
    case $answer$io in
        0*ON*Yes)
            if [ "$seen" ] && has "$seen" "$history,$received"; then echo "$follows" >"$RUN/plinth-attached"; fi
            seen=${answer##*[!0-9,-]}
            ;;
        0*) seen='' && rm -f "$RUN/plinth-attached" ;;
    esac
    [ "$io" != Yes ] || [ "$role" = replica ] || write_notes replica "$led"
    case $io_errno in
        0) ;;
        1236) say "does not fit member $source, the source, and is left as it is: $io_error. Look at what it holds; to give that up and copy the source: touch $reseed, and delete the pod" ;;
        *) say "is not connected: $io_error" ;;
    esac
    [ "$sql_errno" = 0 ] || say "cannot apply: $sql_error"
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

idle='' absent='' absent_since='' fenced_at='' tried='' seen='' turn=0 declared='' declared_at=0
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
    if [ "$source" ] && [ "$server_id" ] && look 2>/dev/null; then
        if [ "$source" = "$MEMBER" ]; then lead; else follow; fi
    fi
    rest
done

#!/bin/sh
# Beside the server of a member: makes it what the file CONTROL/source declares, step by step, and goes on looking.
#
# Reads what member.sh reads, MARIADB_USER, MARIADB_ROOT_PASSWORD, REPLICATION_PASSWORD (letters and digits), STATEMENTS
# as start.sh does, SYNCHRONOUS (yes or empty), GRACE, the seconds in which the former source may come back before
# another takes its place without it, NOTICE, those of them that follow the declaration, in which a source that only does
# not answer here closes by itself, and PERIOD, the quarters of a second between two looks. A new declaration is read within
# one quarter, and the steps that follow from it are taken as fast.
set -u
. "$(dirname "$0")/member.sh"
: "${STATEMENTS:=/etc/plinth-accounts/init.sql}" "${GRACE:=20}" "${NOTICE:=3}" "${PERIOD:=8}"
account=plinth-replication
# No connection of the platform stays on a server that takes no writes any more. The setting waits for commits that are
# on their way.
fencing="KILL CONNECTION USER '$MARIADB_USER'@'%'; SET SESSION lock_wait_timeout = 4; SET GLOBAL read_only = ON;
    KILL CONNECTION USER '$MARIADB_USER'@'%'"

sql() {
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --no-defaults --skip-ssl --batch --socket="$socket" --user=root "$@"
}
# Statements in which no secret stands.
ask() { sql --skip-column-names --execute="$1"; }
now() { date +%s; }
# The number of a position's last transaction, in `number`; all are of the domain 0.
number_of() {
    number=0
    case ,$1 in *,0-*) number=${1#*0-*-} number=${number%%,*} ;; esac
}
# Whether a position's last transaction is in this member's history: no server's id belongs to two histories.
has() { # position
    case ,$1 in *,0-*) last=,$1 last=${last#*,0-} last=${last%%,*} ;; *) return 0 ;; esac
    for one in $(echo "$own_history" | tr , ' '); do
        if [ "${one%-*}" = "0-${last%-*}" ] && [ "${one##*-}" -ge "${last##*-}" ]; then return 0; fi
    done
    return 1
}
# What a server says of itself and of its replication, in variables.
state="SELECT @@global.skip_networking AS Hidden, @@global.read_only AS Closed,
    @@global.gtid_current_pos AS Position, @@global.gtid_binlog_state AS History,
    @@global.rpl_semi_sync_master_enabled AS Waits,
    (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_clients') AS Clients,
    (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_status') AS Acknowledged;
    SHOW REPLICA STATUS"
read_state() { # what it said
    hidden='' closed='' applied=0 position='' history='' waits='' clients=0 acknowledged='' master='' master_port='' received=0
    io='' applier='' lag='' io_error='' io_errno=0 sql_error='' sql_errno=0
    while read -r key value; do
        case $key in
            Hidden:) hidden=$value ;;
            Closed:) closed=$value ;;
            Position:) position=$value && number_of "$value" && applied=$number ;;
            History:) history=$value ;;
            Waits:) waits=$value ;;
            Clients:) clients=$value ;;
            Acknowledged:) acknowledged=$value ;;
            Master_Host:) master=$value ;;
            Master_Port:) master_port=$value ;;
            Gtid_IO_Pos:) number_of "$value" && received=$number ;;
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
    follows=$master:$master_port
}
# The entrypoint's temporary server, which a first start and an upgrade have, is none to decide about.
look() {
    answer=$(sql --vertical --execute="$state") && read_state "$answer" && [ "$hidden" = 0 ] || return 1
    case $io$applier$lag in YesYes[0-9]*) echo "$follows" >"$RUN/plinth-attached" ;; esac
}

# A source.

# Semi-synchronous commits wait for a replica, so they begin when there is one: the first commit would wait for ever.
acknowledge() {
    [ "$SYNCHRONOUS" ] || return 0
    if [ "$clients" -ge 1 ] && [ "$waits" = 0 ]; then ask 'SET GLOBAL rpl_semi_sync_master_enabled = ON'; fi
}
# A restart empties tables in memory on one member only, and the others' next change of their rows would fail.
convert_memory_tables() {
    ask "$conversions" |
        while read -r statement; do
            # Who waits for a table keeps all others waiting who come after.
            ask "SET STATEMENT lock_wait_timeout = 1 FOR $statement" && echo "$statement"
        done
}
open() {
    ask 'STOP REPLICA; RESET REPLICA ALL' || return 1
    # Replicas begin with a copy of what is there now, so a history begins here.
    if [ "$role" = first ]; then ask "RESET MASTER; SET GLOBAL gtid_slave_pos = ''" || return 1; fi
    # On a new database the image has made the accounts, but not that of the replicas.
    sql <"$STATEMENTS" || return 1
    was=$role had_led=$led
    write_notes source "$term" yes
    echo "$term" >"$RUN/plinth-opened"
    ask 'SET GLOBAL read_only = OFF' || return 1
    absent=
    # One that has not been told yet, and has started at this very moment, may have looked before, too.
    if another_is_open; then
        ask "$fencing" || return 1
        write_notes "$was" "$had_led"
        rm "$RUN/plinth-opened"
        say "closes again: member $open_member has opened, too"
        return 0
    fi
    say "member $MEMBER is the source"
}
lead() {
    if [ "$closed" = 0 ]; then
        rm -f "$RUN/plinth-fresh"
        [ "$role $led" = "source $term" ] || write_notes source "$term"
        now_alone=yes
        [ "$acknowledged" != ON ] || [ "$clients" = 0 ] || now_alone=no
        if [ "$alone" != "$now_alone" ]; then
            write_notes source "$term" "$now_alone"
            [ "$now_alone" = no ] || say "no replica has what is committed now"
        fi
        [ "$now_alone" = no ] || hurry=yes
        acknowledge
        turn=$(((turn + 1) % 5))
        [ "$turn" != 0 ] || convert_memory_tables
        say "member $MEMBER is the source"
    elif [ "$role" = first ] || [ "$role $led" = "source $term" ]; then
        # Nobody was declared in between, unless the file is out of date: it follows within a minute or two.
        if [ "$(cat "$RUN/plinth-opened" 2>/dev/null)" = "$term" ]; then
            say "was fenced by another member, and waits to be told why"
        elif another_is_open; then
            say "is declared the source, but member $open_member is it"
        else
            open
        fi
    else
        take_over
    fi
}

# A replica that is to be the source, or a former source that is to be it again: first it gets all that others have.
take_over() {
    own_applied=$applied own_received=$received own_follows=$follows own_io=$io own_applier=$applier
    own_error=$io_error$sql_error own_history=$history,$position newest=$applied best=$MEMBER heard='' silent=''
    hurry=yes
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
        if [ "$closed" = 0 ]; then
            fence_member "$other"
            return 0
        fi
        is_lost "$other" && continue
        if [ "$received" -gt "$applied" ]; then
            say "waits for member $other, which applies what it has received${sql_error:+: $sql_error}"
            return 0
        fi
        if [ "$applied" -gt "$newest" ]; then
            newest=$applied best=$other
        elif [ "$applied" -le "$own_applied" ] && ! has "$position"; then
            say "member $other holds commits that are not in this one's history, up to $position: declare the right source; or, to give these up, set database.lost: [$other]"
            return 0
        fi
    done
    for other in $silent; do may_be_absent "$other" || return 0; done
    as_own
    if [ "$own_received" -gt "$own_applied" ] && [ "$follows" != : ]; then
        say "applies what it has received${own_error:+: $own_error}"
    elif [ "$best" != "$MEMBER" ]; then
        say "gets from member $best what it lacks${own_error:+: $own_error; to go on without that, set database.lost: [$best]}"
        follow_member "$best"
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

fence() {
    ask "$fencing" || return 1
    say "takes no writes any more: member $source is to be the source"
}
follow_member() { # ordinal
    address_of "$1"
    if [ "$follows" = "$host:$port" ] && [ "$io" != No ] && [ "$applier" != No ]; then return 0; fi
    # What has gone wrong is tried again once in a while.
    if [ "$follows" = "$host:$port" ] && [ "$tried" = "$1" ] && [ $(($(now) - tried_at)) -lt 30 ]; then return 0; fi
    tried=$1 tried_at=$(now)
    position=
    # What it has written itself, when it was the source, is where it stands.
    [ "$role" = replica ] || position='SET GLOBAL gtid_slave_pos = @@global.gtid_current_pos;'
    sql <<END
SET GLOBAL rpl_semi_sync_master_enabled = OFF;
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
    if [ "$closed" = 0 ]; then fence || return 0; fi
    [ "$role" != source ] || write_notes former "$led"
    address_of "$source"
    answer=$(peer "$source" 'SELECT @@global.read_only')
    if [ -z "$answer" ] && [ "$follows" = "$host:$port" ] && [ "$io" != Yes ]; then is_absent "$source"; else absent=; fi
    hurry=yes
    # A source that is not one yet still needs what the former one has, and a silent one is waited for.
    if [ "$answer" = 0 ]; then
        # It commits without this member now.
        [ "$io" = Yes ] || rm -f "$RUN/plinth-attached"
        follow_member "$source"
    fi
    [ "$follows" = "$host:$port" ] || return 0
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

idle='' absent='' absent_since='' tried='' tried_at=0 turn=0 declared='' declared_at=0
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

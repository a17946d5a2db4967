#!/bin/sh
# Starts the server of a Galera member: into the component that others have, or, where nobody has one, as the one that
# begins a new component. Reads what common.sh reads, STATEMENTS, and the file CONTROL/begin.
#
# A component begins only if every member has been asked, none of them runs, and none has more commits than this one:
# so there are never two, and no commit is lost. Galera's pc.recovery, which would begin without asking those that had
# left the last component, is off. Where not all can be asked, CONTROL/begin may name the member that begins, and the
# position that it has recovered; it then begins a new history, so that a member that was left out is filled anew rather
# than taken for an earlier state of it.
# https://mariadb.com/docs/galera-cluster/galera-management/installation-and-deployment/galera-cluster-recovery
set -eu
. "$(dirname "$0")/common.sh"
: "${STATEMENTS:=/etc/plinth-accounts/init.sql}" "${ADDRESS:=$(hostname -i | cut -d ' ' -f 1)}"
state=$DATA/grastate.dat
begun=$DATA/plinth-begun
nothing=00000000-0000-0000-0000-000000000000

rm -f "$view" "$started" "$leaving"
# The last commit on the volume, in `position`: as it was noted at a clean end, else as the tables have it. `none` is a
# volume without data; `broken` one with data that Galera does not vouch for, because their server could not apply what
# others have committed; number -1 data without a history, of a first start that was broken off.
recover() {
    position=none
    # A copy that was broken off counts for nothing.
    if [ ! -d "$DATA/mysql" ] || [ -f "$DATA/sst_in_progress" ]; then return 0; fi
    uuid=$(sed -n 's/^uuid: *//p' "$state" 2>/dev/null) || uuid=
    seqno=$(sed -n 's/^seqno: *//p' "$state" 2>/dev/null) || seqno=
    position=$uuid:$seqno
    case $position in *:-1 | *: | :* | "$nothing":*) ;; *) return 0 ;; esac
    # It looks at its own tables only, but wants to know an address.
    mariadbd --wsrep-on=ON --wsrep-cluster-address=gcomm:// --wsrep-recover --skip-networking \
        --socket="$RUN/recover.sock" --pid-file="$RUN/recover.pid" >"$RUN/recover.log" 2>&1 || unknown
    position=$(sed -n 's/.*Recovered position: *//p' "$RUN/recover.log" | tail -n 1)
    case $position in '' | "$nothing":*) position=$nothing:-1 ;; esac
    case $uuid in
        '' | "$nothing") [ "$position" = "$nothing:-1" ] || position=broken ;;
        *) [ "$position" != "$nothing:-1" ] || unknown ;;
    esac
}
unknown() {
    cat "$RUN/recover.log" >&2
    echo "the last commit on the volume of member $MEMBER cannot be found: see above" >&2
    exit 1
}
has_history() { # position
    case $1 in none | broken | "$nothing":*) return 1 ;; esac
}
# `--wsrep-on` is an argument, because the programs that prepare a volume read the same configuration.
server() { # further arguments
    set -- --wsrep-on=ON --wsrep-cluster-address="gcomm://$(echo "$HOSTS" | tr ' ' ,)" --wsrep-node-name="member-$MEMBER" \
        --wsrep-node-address="$ADDRESS" --wsrep-node-incoming-address="member-$MEMBER:3307" "$@"
    # The last component's members; and the process of a transfer that ended with a former container, whose number
    # another one may have in this one, which a new transfer would wait for.
    rm -f "$DATA/gvwstate.dat" "$DATA/wsrep_sst.pid"
    # The entrypoint would make a new database where the server is about to be filled by another one.
    case $position$began in none | broken) exec mariadbd "$@" ;; esac
    if [ -d "$DATA/mysql" ]; then set -- --init-file="$STATEMENTS" "$@"; fi
    exec docker-entrypoint.sh mariadbd "$@"
}
begin() { # words
    say "$*"
    put "$phase" "phase=begins"
    began=yes
    if [ -f "$state" ]; then
        sed 's/^safe_to_bootstrap:.*/safe_to_bootstrap: 1/' "$state" >"$state.new"
        mv "$state.new" "$state"
    fi
    if [ "$kept" ] && has_history "$position"; then
        server --wsrep-new-cluster --wsrep-start-position="$position"
    else
        server --wsrep-new-cluster
    fi
}
join() {
    say "joins the component of member $1"
    put "$phase" "phase=joins"
    if has_history "$position"; then server --wsrep-start-position="$position"; else server; fi
}
# The rank of a position among those of the same history.
rank() { # position
    case $1 in none) echo -3 ;; broken) echo -2 ;; *) echo "${1##*:}" ;; esac
}
survey() {
    best=$MEMBER best_rank=$(rank "$position") silent='' history='' apart='' heard='' broken=
    ! has_history "$position" || history=${position%:*}
    [ "$position" != broken ] || broken=yes
    for other in $(others); do
        ask "$other"
        case $told in
            'phase=runs component=Primary '*) join "$other" ;;
            'phase=waits '*)
                word_of position "$told"
                heard="$heard $other=$word"
                [ "$word" != broken ] || broken=yes
                if has_history "$word"; then
                    [ "${history:-${word%:*}}" = "${word%:*}" ] || apart="$apart $other"
                    history=${history:-${word%:*}}
                fi
                # The first of those that have the same begins.
                one=$(rank "$word")
                if [ "$one" -gt "$best_rank" ] || { [ "$one" = "$best_rank" ] && [ "$other" -lt "$best" ]; }; then
                    best=$other best_rank=$one
                fi
                ;;
            *) silent="$silent $other" ;;
        esac
    done
}
may_begin() {
    spent='' who='' from=''
    { read -r who from <"$CONTROL/begin"; } 2>/dev/null || true
    # A consent that was taken back can be given again.
    [ "$who" ] || { rm -f "$begun"; return 1; }
    [ "$who" = "$MEMBER" ] && [ "$from" = "$position" ] || return 1
    [ "$(cat "$begun" 2>/dev/null)" = "$position" ] || return 0
    spent=" (begin says so, and was used for a start that has failed: remove it, launch, and set it again)"
    return 1
}

stopping=
trap 'stopping=yes; exit 0' TERM INT
recover
put "$phase" "phase=waits position=$position"
say "member $MEMBER has recovered $position"
began='' kept=yes before=
while [ -z "$stopping" ]; do
    survey
    if may_begin; then
        # Once: the same consent must not begin another time.
        put "$begun" "$position"
        sync "$begun" "$DATA"
        # A new history: none of the old one is a part of it.
        rm -f "$state"
        kept=
        begin "begins a new history from $position, as begin says, whatever others have"
    elif [ "$silent" ]; then
        say "waits for member$silent, to know which one has the last commit; to begin without, set database.begin: {member: $MEMBER, position: \"$position\"}, or the same of another one that waits$spent; commits that only the missing have are lost then"
    elif [ "$apart" ]; then
        say "waits, because member$apart has another history than the others ($heard, here $position): name the member that begins with database.begin$spent"
    elif [ "$broken" ] && [ -z "$history" ]; then
        say "waits, because no member has data that Galera vouches for ($heard, here $position): name the member that begins with database.begin$spent"
    elif [ "$best" = "$MEMBER" ] && [ "$heard" = "$before" ]; then
        begin "begins: all members wait, and none has more than $position"
    elif [ "$best" != "$MEMBER" ]; then
        say "waits for member $best, which has the last commit, to begin"
    fi
    before=$heard
    # As process 1 it would not be stopped by a signal while it waits for another process.
    sleep 1 &
    wait $!
done

#!/bin/sh
# What the scripts of a Galera member share; read by each of them, never run.
#
# HOSTS has the host of every member, in the order of their ordinals; the ordinal of this one ends its pod's name.
# Members tell each other by their agents, over HTTP on AGENT_PORT, what start.sh has written to RUN/plinth-phase while
# the server does not run, and what supervise.sh writes to RUN/plinth-view about one that does:
#
#   phase=waits position=UUID:SEQNO|none     asks the others who is to begin
#   phase=begins                             starts a new component
#   phase=joins                              starts, to be taken into the component of the others
#   phase=runs component=Primary state=4 open=yes at=1764590000

# shellcheck disable=SC2034 # Its readers use what is set here.
: "${DATA:=/var/lib/mysql}" "${RUN:=/run/mysqld}" "${CONTROL:=/etc/plinth-begin}" "${AGENT_PORT:=3308}"
# shellcheck disable=SC3028 # The container's runtime sets it.
: "${MEMBER:=${HOSTNAME##*-}}"
socket=$RUN/mysqld.sock
phase=$RUN/plinth-phase
view=$RUN/plinth-view
# Made once the server has answered, and once it is about to be stopped.
started=$RUN/plinth-started
leaving=$RUN/plinth-leaving
# Seconds after which what was written about a running server counts no more.
fresh=3

said=
# A sentence that holds for a while is said once.
say() {
    [ "$said" != "$*" ] || return 0
    said=$*
    printf '%s\n' "$*"
}
now() { date +%s; }
# Readers see the old file or the new one.
put() { # file, text
    printf '%s\n' "$2" >"$1.new"
    mv "$1.new" "$1"
}
# A word of what a member has told, in `word`.
word_of() { # name, text
    word=
    for one in $2; do
        case $one in "$1"=*) word=${one#*=} ;; esac
    done
}
# What a server that runs has written last; fails where that is too old.
told_view() {
    told=$(cat "$view" 2>/dev/null) || return 1
    word_of at "$told"
    [ "$word" ] && [ $(($(now) - word)) -le "$fresh" ]
}
host_of() { # ordinal
    ordinal=0
    for host in $HOSTS; do
        [ "$ordinal" != "$1" ] || return 0
        ordinal=$((ordinal + 1))
    done
}
others() {
    ordinal=0
    for _ in $HOSTS; do
        [ "$ordinal" = "$MEMBER" ] || echo "$ordinal"
        ordinal=$((ordinal + 1))
    done
}
# What another member tells of itself, in `told`; empty where it does not answer.
ask() { # ordinal
    host_of "$1"
    told=$(printf 'GET /state HTTP/1.0\r\n\r\n' |
        timeout 2 socat -t 1 - "TCP:$host:$AGENT_PORT,connect-timeout=1" 2>/dev/null | tail -n 1)
}

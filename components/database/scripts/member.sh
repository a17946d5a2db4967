#!/bin/sh
# What the scripts of a member of a replicated database share; read by each of them, never run.
#
# MEMBER is the ordinal of this member; HOSTS has HOST:PORT of every one, in order. The file CONTROL/source says which
# is to be the source: its ordinal, the term (a word that changes whenever another ordinal is declared), and the
# ordinals of members that are lost. A change reaches it while the servers run.
#
# A member keeps books in its data directory, in the file plinth-member: its server_id, which belongs to one history of
# the data; its role (first, where no other has ever had them; source; former, where another may have taken its place;
# replica); the last term that it has led; and whether it was alone then, since no replica had what it committed.

# shellcheck disable=SC2034 # Its readers use what is set here.
: "${CONTROL:=/etc/plinth-source}" "${DATA:=/var/lib/mysql}" "${RUN:=/run/mysqld}"
socket=$RUN/mysqld.sock
notes=$DATA/plinth-member
# A copy that is under way, and never counts as data.
seeding=$DATA/plinth-seeding
# Made by hand: consent to give up what this member holds, and to copy it anew.
reseed=$DATA/plinth-reseed

said=
# A sentence that holds for a while is said once.
say() {
    [ "$said" != "$*" ] || return 0
    said=$*
    printf '%s\n' "$*"
}

read_declared() {
    source='' term='' lost=''
    { read -r source && read -r term && { read -r lost || :; }; } <"$CONTROL/source"
}
read_notes() {
    server_id='' role='' led='' alone=''
    [ -f "$notes" ] || return 0
    while read -r key value; do
        case $key in
            server_id) server_id=$value ;;
            role) role=$value ;;
            led) led=$value ;;
            alone) alone=$value ;;
        esac
    done <"$notes"
}
write_notes() { # role, term led, whether alone
    role=$1 led=$2 alone=${3:-$alone}
    printf 'server_id %s\nrole %s\nled %s\nalone %s\n' "$server_id" "$role" "$led" "$alone" >"$notes.new"
    sync "$notes.new"
    mv "$notes.new" "$notes"
    sync "$DATA"
}
was_source() { [ "$role" = source ] || [ "$role" = former ]; }
# Two histories that went apart must not take each other's positions for their own.
new_server_id() { server_id=$(od -An -N 4 -t u4 /dev/urandom | awk '{ print $1 % 4294967000 + 100 }'); }

address_of() { # ordinal
    ordinal=0
    for address in $HOSTS; do
        if [ "$ordinal" = "$1" ]; then host=${address%:*} port=${address##*:}; fi
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
is_lost() { case " $lost " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# One statement for each table in memory, which turns it into one on disk.
conversions="SELECT CONCAT('ALTER TABLE \`', REPLACE(TABLE_SCHEMA, '\`', '\`\`'), '\`.\`', REPLACE(TABLE_NAME, '\`', '\`\`'), '\` ENGINE = InnoDB;')
    FROM information_schema.TABLES WHERE ENGINE = 'MEMORY' AND TABLE_TYPE = 'BASE TABLE'
    AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')"

# Statements, in which no secret may stand, to another member as its administrator; a silent one is given up.
peer() { # ordinal, statements, how they are answered
    address_of "$1"
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD timeout "${PEER_SECONDS:-5}" mariadb --no-defaults --skip-ssl --connect-timeout=2 \
        --batch "${3:---skip-column-names}" --host="$host" --port="$port" --user=root --execute="$2" 2>/dev/null
}
# Whether another member accepts writes; leaves its ordinal in `open_member`.
another_is_open() {
    for open_member in $(others); do
        [ "$(peer "$open_member" 'SELECT @@global.read_only')" != 0 ] || return 0
    done
    open_member=
    return 1
}

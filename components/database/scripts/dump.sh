#!/bin/sh
# Dumps the data of an older major version with its own programs, for load.sh. Environment: VOLUME, where the volume is
# seen; OLD and NEW, the directories of the data on it; SERIES_BEFORE, what the old data are of.
#
# The old data are only read, apart from what a start of their server writes. Nothing is done if there are no old data,
# or if the new ones are there. A dump that was broken off is made anew, and so is one of data that were written since.
set -eu
old=$VOLUME/$OLD new=$VOLUME/$NEW dump=$VOLUME/upgrade
sockets=$(mktemp -d)
[ -f "$old/PG_VERSION" ] || exit 0
refuse() {
    echo "refused to upgrade: $1; the data are as they were" >&2
    exit 1
}
# Each start of a server writes this file.
state() { cksum <"$old/global/pg_control"; }
if [ -f "$new/PG_VERSION" ]; then
    [ ! -f "$new/plinth-loaded" ] || [ "$(cat "$new/plinth-loaded")" = "$(state)" ] \
        || refuse "$OLD was in use again since it was loaded into $NEW, which lacks what was written: with the image of $SERIES_BEFORE, delete $NEW by ./plinth database discard, and upgrade again"
    exit 0
fi
if [ -f "$dump/complete" ]; then
    [ "$(cat "$dump/complete")" != "$(state)" ] || { echo "the dump is complete"; exit 0; }
    echo "the data were in use again since the dump"
fi
[ -O "$old" ] || refuse "$OLD belongs to user $(stat -c %u "$old"), and this image runs as user $(id -u): take images of one kind (PostgreSQL's -alpine images run as 70, the others as 999)"
[ "postgres $(cat "$old/PG_VERSION")" = "$SERIES_BEFORE" ] || refuse "$OLD holds data of postgres $(cat "$old/PG_VERSION")"
case "$(postgres --version)" in
    *"PostgreSQL) ${SERIES_BEFORE#* }"[!0-9]*) ;;
    *) refuse "upgradeImage holds $(postgres --version), not $SERIES_BEFORE" ;;
esac
rm -rf "$dump"
# The new data take about as much as the old ones, the compressed dump less.
used=$(du -sk "$old" | cut -f1)
free=$(df -Pk "$VOLUME" | tail -n 1 | tr -s ' ' | cut -d ' ' -f4)
needed=$((used + used / 2))
[ "$free" -ge "$needed" ] || refuse "the dump and a copy of the data need $((needed / 1024)) MiB, and the volume has $((free / 1024)) MiB left: make it larger"

# Whatever the data's own file demands, this server is reached by this script alone.
echo "local all all trust" >"$sockets/pg_hba.conf"
export PGHOST="$sockets" PGUSER=postgres
stop() { pg_ctl --pgdata="$old" --mode=fast --wait --silent stop; }
trap 'stop; exit 1' TERM INT
echo "dumping the data of $SERIES_BEFORE"
pg_ctl --pgdata="$old" --wait --timeout=3600 --silent --log="$sockets/log" --options="-c listen_addresses= -c unix_socket_directories=$sockets -c hba_file=$sockets/pg_hba.conf" start || {
    cat "$sockets/log" >&2
    refuse "the server of $SERIES_BEFORE does not start on them"
}
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname=postgres --command="$1"; }
mkdir "$dump"
fail() {
    stop
    refuse "the dump failed"
}
# The new server has this role already.
pg_dumpall --globals-only >"$dump/all" || fail
sed '/^CREATE ROLE postgres;$/d' "$dump/all" >"$dump/globals.sql"
rm "$dump/all"
ask "SELECT oid FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY oid" >"$dump/databases" || fail
while read -r oid; do
    # As a connection string, in which any name can stand.
    ask "SELECT 'dbname=''' || replace(replace(datname, '\\', '\\\\'), '''', '\\''') || '''' FROM pg_database WHERE oid = $oid" >"$dump/$oid.name" || fail
    # Up to version 14 everybody might create in it, which no dump says.
    [ "${SERIES_BEFORE#* }" -ge 15 ] || psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$(cat "$dump/$oid.name")" \
        --command="SELECT 'GRANT CREATE ON SCHEMA public TO PUBLIC' FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege('public', oid, 'CREATE')" >"$dump/$oid.sql" || fail
    pg_dump --format=directory --compress=1 --jobs=2 --file="$dump/$oid" --dbname="$(cat "$dump/$oid.name")" || fail
done <"$dump/databases"
stop
sync
state >"$dump/complete"
echo "dumped $(wc -l <"$dump/databases") databases, $(du -sm "$dump" | cut -f1) MiB"

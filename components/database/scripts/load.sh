#!/bin/sh
# Loads what dump.sh has dumped into new data, with this image's programs. Environment: VOLUME and NEW as there.
#
# The new data appear whole, once all is loaded. A load that was broken off is made anew. The old data stay.
set -eu
new=$VOLUME/$NEW dump=$VOLUME/upgrade
sockets=$(mktemp -d)
[ ! -f "$new/PG_VERSION" ] || { rm -rf "$dump"; exit 0; }
[ -f "$dump/complete" ] || exit 0
loading=$VOLUME/upgrade/loading
rm -rf "$loading"
initdb --pgdata="$loading" --username=postgres --auth-local=trust --auth-host=scram-sha-256 --data-checksums >/dev/null
# As the image does for data that it makes itself.
printf '\nhost all all all scram-sha-256\n' >>"$loading/pg_hba.conf"
export PGHOST="$sockets" PGUSER=postgres
stop() { pg_ctl --pgdata="$loading" --mode=fast --wait --silent stop; }
trap 'stop; exit 1' TERM INT
fail() {
    stop
    tail -n 20 "$sockets/log" >&2
    echo "the load failed: $1; the old data are as they were, and an image of their own version starts on them" >&2
    exit 1
}
# What is written now is on the disk before it counts.
pg_ctl --pgdata="$loading" --wait --silent --log="$sockets/log" --options="-c listen_addresses= -c unix_socket_directories=$sockets -c fsync=off -c full_page_writes=off -c max_wal_size=1GB" start || fail "the server does not start"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres --file="$dump/globals.sql" >/dev/null || fail "roles"
while read -r oid; do
    name=$(cat "$dump/$oid.name")
    create=--create
    # It is in each new server.
    [ "$name" != "dbname='postgres'" ] || create=
    echo "loading ${name#dbname=}"
    pg_restore --exit-on-error --jobs=2 ${create:+$create} --dbname=postgres "$dump/$oid" || fail "${name#dbname=}"
    [ ! -s "$dump/$oid.sql" ] || psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$name" --file="$dump/$oid.sql" || fail "${name#dbname=}"
done <"$dump/databases"
# A dump has no statistics: without them, queries are planned badly for hours.
vacuumdb --all --analyze-only --jobs=2 --quiet || fail "statistics"
stop
initdb --sync-only --pgdata="$loading" >/dev/null
# The old data as they were loaded: they must not be used any more.
cp "$dump/complete" "$loading/plinth-loaded"
mkdir -p "$(dirname "$new")"
# An empty directory would get the data within it.
rmdir "$new" 2>/dev/null || [ ! -e "$new" ] || { echo "$NEW is there, and is no directory of data" >&2; exit 1; }
mv "$loading" "$new"
sync
rm -rf "$dump"
echo "the data are in $NEW; those of before stay in their own directory"

#!/bin/sh
# First step of a backup: dumps the database, and looks whether the dump went to its end.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/$CLIENT.sh"

begin
tries=${DB_TRIES:-30}
until version=$(server_version); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the database at $DB_HOST:$DB_PORT does not let $DB_USER in"
    sleep 2
done
dump
check_dump "$part/$dump_file"
say "engine $(engine_of "$version") $version" "database $DB_NAME" "instance $INSTANCE" >"$part/manifest"
enter "$dump_file"

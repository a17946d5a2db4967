#!/bin/sh
# A step of a backup: dumps the documents. They come after the database, so that those that a row names are there.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/mongo.sh"

proceed
set_up
# A store that asks for no password may hold several databases.
if [ "$DOCUMENTS_NAME" = "*" ]; then set --; else set -- --db="$DOCUMENTS_NAME"; fi
tries=${DB_TRIES:-10}
until tool mongodump "$@" --archive="$part/documents.archive.gz" --gzip; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the documents of $DOCUMENTS_NAME at $DOCUMENTS_HOST:$DOCUMENTS_PORT could not be dumped"
    sleep 2
done
gzip -t "$part/documents.archive.gz" || fail "documents.archive.gz cannot be unpacked"
say "documents $DOCUMENTS_NAME" >>"$part/manifest"
enter documents.archive.gz

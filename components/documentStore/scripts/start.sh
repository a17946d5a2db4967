#!/bin/sh
# The startup probe: runs start.js until it succeeds, once in the life of a container. Reads what prepare.sh reads.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
umask 077
MAINTENANCE=$(cat "$DATA/plinth-accounts")
export MAINTENANCE
mongosh --quiet --norc "mongodb://127.0.0.1:$PORT/admin?directConnection=true&serverSelectionTimeoutMS=2000" \
    "$here/accounts.js" "$here/start.js"
if [ "$(cat "$DATA/plinth-series")" != "$SERIES" ]; then
    echo "$SERIES" >"$DATA/plinth-series.new"
    mv "$DATA/plinth-series.new" "$DATA/plinth-series"
fi

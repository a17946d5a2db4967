#!/bin/sh
# Before the server: checks the volume, and makes the accounts in data that have none of ours.
#
# That takes a server without passwords, on loopback, and without its replica set. Such a one does not see the last
# commits of a member that was killed, and loses them when it writes: https://jira.mongodb.org/browse/SERVER-38174
# So it runs only on data that have never been a replica set's. From then on, passwords are changed by start.sh.
#
# DATA is the server's directory; VOLUME shows the whole volume; KEY is the volume's key in the stack's file; ADOPTED
# says that the user has named existing data.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
umask 077

refuse() {
    echo "refused to start $SERIES: $1" >&2
    exit 78
}

# mongod refuses a key that others may read, as they may those of a mounted Secret.
rm -f "$RUN/key"
cat "$KEY_FILE" >"$RUN/key"
chmod 400 "$RUN/key"

told=$(mongod --version | sed -n 's/^db version v\([0-9][0-9]*\.[0-9][0-9]*\).*/mongo \1/p')
[ "$told" = "$SERIES" ] || refuse "its image, named in images.mongo, holds ${told:-an unknown server}: name one whose tag says what it holds"

if [ -f "$DATA/plinth-series" ]; then
    held=$(cat "$DATA/plinth-series")
    [ "$held" = "$SERIES" ] || [ "$held" = "${UPGRADE_FROM:-}" ] ||
        refuse "the volume holds data of $held: set images.mongo to a tag of it; or, one major version at a time, make a backup and agree with upgradeFrom"
    exit 0
fi

if [ -f "$DATA/WiredTiger" ]; then
    # Our own first start may have been broken off; it is begun again.
    [ -f "$DATA/plinth-new" ] || [ ! -s "$DATA/mongod.lock" ] ||
        refuse "the data were not shut down cleanly: start the server that wrote them once more, and stop it"
else
    [ -z "${ADOPTED:-}" ] || refuse "no data are in the directory that $KEY says they are in: name the one that has them in $KEY.path, or the right volume"
    for other in "$VOLUME"/WiredTiger "$VOLUME"/*/WiredTiger "$VOLUME"/*/*/WiredTiger; do
        [ -f "$other" ] || continue
        inner=${other%/WiredTiger}
        inner=${inner#"$VOLUME"}
        inner=${inner#/}
        refuse "the volume has data in ${inner:-.}, and the server would begin anew beside them: set $KEY.path to \"${inner:-.}\""
    done
    : >"$DATA/plinth-new"
fi

# With the data, because it is needed wherever they go.
if [ ! -f "$DATA/plinth-accounts" ]; then
    head -c 24 /dev/urandom | base64 >"$DATA/plinth-accounts.new"
    mv "$DATA/plinth-accounts.new" "$DATA/plinth-accounts"
fi
MAINTENANCE=$(cat "$DATA/plinth-accounts")
export MAINTENANCE

ask() { mongosh --quiet --norc "mongodb://127.0.0.1:$PORT/admin?directConnection=true&serverSelectionTimeoutMS=2000" "$@"; }

mongod --dbpath "$DATA" --bind_ip 127.0.0.1 --port "$PORT" --nounixsocket --wiredTigerCacheSizeGB 0.25 &
server=$!
trap 'kill "$server"; wait "$server"; exit 1' TERM INT
until ask --eval 'quit(0)' >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || refuse "no server of this version starts on the data in the volume; its log is above"
    sleep 1
done
code=0
ask "$here/accounts.js" "$here/prepare.js" || code=$?
# Cleanly, or what has been made does not count.
kill "$server" || true
wait "$server"
trap - TERM INT
[ "$code" -eq 0 ] || exit "$code"
echo "$SERIES" >"$DATA/plinth-series.new"
mv "$DATA/plinth-series.new" "$DATA/plinth-series"
rm -f "$DATA/plinth-new"

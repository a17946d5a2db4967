#!/bin/sh
# Last step of a restore: puts the objects of the backup in the place of those there are.
set -eu
. "$(dirname "$0")/common.sh"

[ "$ACTION" = restore ] || exit 0
# The database is that of the backup by now, so no failure from here on has left all as it was.
code=$changed
trap '[ $? -eq 0 ] || exit "$changed"' EXIT
found=$(cat "$WORK/found-at")
[ -f "$found/objects.jsonl.gz" ] || exit 0
python3 -B "$here/objects.py" restore "$found/objects.jsonl.gz" || fail "only a part of the objects could be put back"
say "the objects are those of $BACKUP"

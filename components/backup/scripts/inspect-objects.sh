#!/bin/sh
# A step before anything is changed: looks whether all objects of the backup are there.
set -eu
. "$(dirname "$0")/common.sh"

[ "$ACTION" != list ] || exit 0
found=$(cat "$WORK/found-at")
if [ ! -f "$found/objects.jsonl.gz" ]; then
    say "$BACKUP holds no objects: they stay as they are"
    exit 0
fi
python3 -B "$here/objects.py" inspect "$found/objects.jsonl.gz" || fail "the objects of $BACKUP cannot be restored"

#!/bin/sh
# A step of a restore, after the database: loads the documents.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/mongo.sh"

[ "$ACTION" = restore ] || exit 0
# The database is that of the backup by now, so no failure from here on has left all as it was.
code=$changed
trap '[ $? -eq 0 ] || exit "$changed"' EXIT
found=$(cat "$WORK/found-at")
[ -f "$found/$documents" ] || exit 0
set_up
restore_documents --drop --stopOnError 2>"$WORK/restored" && status=0 || status=$?
cat "$WORK/restored" >&2
[ "$status" = 0 ] || fail "loading $DOCUMENTS_NAME broke off: it holds a part of the backup only"
# It may end well although documents were refused.
! grep -Eq '[1-9][0-9]* document\(s\) failed to restore' "$WORK/restored" || fail "$DOCUMENTS_NAME holds a part of the backup only"
say "$DOCUMENTS_NAME is that of $BACKUP"

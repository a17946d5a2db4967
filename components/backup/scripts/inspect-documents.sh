#!/bin/sh
# A step before anything is changed: looks whether the documents could be restored.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/mongo.sh"

[ "$ACTION" != list ] || exit 0
found=$(cat "$WORK/found-at")
if [ ! -f "$found/$documents" ]; then
    say "$BACKUP holds no documents: they stay as they are"
    exit 0
fi
gzip -t "$found/$documents" || fail "$documents cannot be unpacked"
set_up
restore_documents --dryRun || fail "$documents cannot be read, or $DOCUMENTS_HOST:$DOCUMENTS_PORT does not let $DOCUMENTS_USER in"
say "the documents of $BACKUP are whole"

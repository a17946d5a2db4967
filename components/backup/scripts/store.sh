#!/bin/sh
# Last step: what has succeeded gets its name, and only then are old ones deleted.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/$TARGET.sh"

proceed
say "complete $(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$part/manifest"
publish
say "backup $name is complete"
printf '%s' "$name" >"${RESULT:-/dev/termination-log}"
complete_ones >"$WORK/complete"
sort -r "$WORK/complete" | expired >"$WORK/expired"
# The new one is complete whatever becomes of the old ones: a key may be one that is not allowed to delete.
while read -r old; do
    if delete "$old"; then say "$old: deleted"; else say "$old: could not be deleted"; fi
done <"$WORK/expired"
sweep

#!/bin/sh
# First step of a restore: brings the backup here, and looks whether it is whole. Or lists what there is.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/$TARGET.sh"

if [ "$ACTION" = list ]; then
    list
    exit
fi
is_name "$BACKUP" || fail "\"$BACKUP\" is no name of a backup"
fetch
check_whole "$found"
printf '%s\n' "$found" >"$WORK/found-at"

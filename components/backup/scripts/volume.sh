#!/bin/sh
# Backups on a volume, each a folder of its own.

publish() {
    sync
    mv "$part" "$BACKUPS/$name"
    sync
}
complete_ones() {
    for folder in "$BACKUPS"/*; do
        if is_name "${folder##*/}" && [ -f "$folder/manifest" ] && is_complete "$folder/manifest"; then
            say "${folder##*/}"
        fi
    done
}
# A folder that is deleted in part must not count.
delete() {
    mv "$BACKUPS/$1" "$BACKUPS/.partial-$1" &&
        rm -rf "$BACKUPS/.partial-$1"
}
sweep() { :; }

list() {
    for folder in "$BACKUPS"/* "$BACKUPS"/.partial-*; do
        entry=${folder##*/}
        entry=${entry#.partial-}
        is_name "$entry" || continue
        if [ "${folder##*/}" = "$entry" ] && [ -f "$folder/manifest" ]; then
            describe "$entry" "$folder/manifest"
        else
            say "backup	$entry	incomplete"
        fi
    done
}
# Leaves the folder's path in `found`.
fetch() {
    found=$BACKUPS/$BACKUP
    [ -f "$found/manifest" ] || fail "there is no backup $BACKUP"
}

#!/bin/sh
# Last step of a restore: puts the files of the backup in the place of those there are.
set -eu
. "$(dirname "$0")/common.sh"

[ "$ACTION" = restore ] || exit 0
code=$changed
new=$FILES/.plinth-new
# The database is that of the backup by now, so no failure from here on has left all as it was. What is half unpacked
# would only fill the volume.
trap '[ $? -eq 0 ] || { rm -rf "$new"; exit "$changed"; }' EXIT
found=$(cat "$WORK/found-at")
if [ ! -f "$found/files.tar.gz" ]; then
    say "$BACKUP holds no files: they stay as they are"
    exit 0
fi
old=$FILES/.plinth-old-$BACKUP
rm -rf "$new"
mkdir "$new"
{
    gzip -dc "$found/files.tar.gz" && status=0 || status=$?
    echo "$status" >"$WORK/status"
} | tar -C "$new" -xpf - || fail "the files do not unpack; those there are stay as they were"
[ "$(cat "$WORK/status")" = 0 ] || fail "the archive cannot be read; the files are as they were"

# Names with a leading dot belong to it, too; a pattern that meets nothing stays as it is.
each() { # folder, command
    for path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -e "$path" ] || [ -L "$path" ]; then "$2" "$path"; fi
    done
}
mkdir -p "$old"
set_aside() {
    case ${1##*/} in
        lost+found | .plinth-*) ;;
        # What an earlier try has set aside is the older, and stays.
        *) if [ -e "$old/${1##*/}" ]; then rm -rf "$1"; else mv "$1" "$old/"; fi ;;
    esac
}
take() { mv "$1" "$FILES/"; }
each "$FILES" set_aside
each "$new" take
rm -rf "$new" "$FILES"/.plinth-old-*
say "the files are those of $BACKUP"

#!/bin/sh
# What the steps of a backup and of a restore share; read by each of them, never run.
#
# A backup is a folder NAME with its files and a manifest, whose last line says that it is complete. Until then it is
# .partial-NAME, and counts for nothing.

umask 027
here=$(cd "$(dirname "$0")" && pwd)
# Here stand untouched and changed, the exit codes of contract.ts.
code=$untouched

# A line for each argument.
say() { printf '%s\n' "$@"; }
fail() {
    say "FAILED: $*" >&2
    exit "$code"
}

is_name() {
    case $1 in
        *[!0-9a-zTZ-]*) return 1 ;;
        [0-9]*T[0-9]*Z-*) return 0 ;;
        *) return 1 ;;
    esac
}
# The digits of a name's time, and of the moment so many seconds ago: both compare as numbers.
stamp() { printf '%s' "${1%%-*}" | tr -cd 0-9; }
moment() { date -u -d "@$(($(date -u +%s) - $1))" +%Y%m%d%H%M%S; }
# Runs of that name have ended, whatever became of them.
is_over() { [ "$(stamp "$1")" -lt "$(moment $((TIMEOUT + 600)))" ]; }

discard_on_failure() { trap '[ $? -eq 0 ] || rm -rf "$part"' EXIT; }
# The first step of a backup: gives it its name.
begin() {
    for left in "$PARTIALS"/.partial-*; do
        name=${left##*/.partial-}
        if [ -d "$left" ] && is_name "$name" && is_over "$name"; then
            rm -rf "$left"
            say "$name: was broken off, and its remains are removed"
        fi
    done
    name=$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N 2 -t x1 /dev/urandom | tr -d ' \n')
    part=$PARTIALS/.partial-$name
    mkdir "$part"
    discard_on_failure
    printf '%s\n' "$name" >"$WORK/name"
    say "backup $name"
}
# Every further step.
proceed() {
    name=$(cat "$WORK/name")
    part=$PARTIALS/.partial-$name
    discard_on_failure
}

size() { wc -c <"$1" | tr -d ' '; }
digest() { sha256sum "$1" | cut -d ' ' -f 1; }
# Enters a file of this backup into its manifest.
enter() {
    sum=$(digest "$part/$1")
    [ "${#sum}" -eq 64 ] || fail "$1: no checksum could be made"
    say "file $1 $(size "$part/$1") $sum" >>"$part/manifest"
    say "$1: $(size "$part/$1") bytes"
}
# A value of a manifest: `engine mariadb 10.11.19-MariaDB`.
value() { sed -n "s/^$2 //p" "$1" | head -n 1; }
is_complete() { [ "$(tail -n 1 "$1" | cut -d ' ' -f 1)" = complete ]; }
# Whether all files of a folder are as its manifest says.
check_whole() {
    is_complete "$1/manifest" || fail "$BACKUP is not complete"
    while read -r kind file bytes sum; do
        [ "$kind" = file ] || continue
        case $file in
            database.sql.gz | database.dump | documents.archive.gz | files.tar.gz | objects.jsonl.gz) ;;
            *) fail "$BACKUP: its manifest names an unknown file, $file" ;;
        esac
        [ -f "$1/$file" ] || fail "$BACKUP: $file is missing"
        [ "$(size "$1/$file")" = "$bytes" ] || fail "$BACKUP: $file has $(size "$1/$file") bytes instead of $bytes"
        [ "$(digest "$1/$file")" = "$sum" ] || fail "$BACKUP: $file is damaged: its checksum is another"
    done <"$1/manifest"
    say "$BACKUP is whole"
}
# One line of `list` for a manifest: name, engine and version, bytes, time, what it holds.
describe() {
    state=incomplete
    ! is_complete "$2" || state=complete
    say "backup	$1	$state	$(value "$2" engine)	$(sed -n 's/^file \([^ ]*\) \([0-9]*\) .*/\1=\2/p; s/^objects [0-9]* \([0-9]*\)$/objects=\1/p' "$2" | tr '\n' ',')	$(value "$2" complete)"
}

# Which of the complete backups, named on standard input with the newest first, may go: those older than KEEP_DAYS, but
# never one of the newest KEEP_COUNT. The one just made is among them, so the last good one always stays.
expired() {
    oldest=$(moment $((KEEP_DAYS * 86400)))
    position=0
    while read -r candidate; do
        position=$((position + 1))
        if [ "$position" -gt "$KEEP_COUNT" ] && [ "$(stamp "$candidate")" -lt "$oldest" ]; then say "$candidate"; fi
    done
}

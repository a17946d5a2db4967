#!/bin/sh
# Second step: archives the files. They come after the database, so that what a row names is there.
set -eu
. "$(dirname "$0")/common.sh"

proceed
archive() {
    {
        tar -C "$FILES" --exclude='./lost+found' --exclude='./.plinth-*' -cf - . && status=0 || status=$?
        echo "$status" >"$WORK/status"
    } | gzip >"$part/files.tar.gz" || fail "the archive could not be written"
    [ "$(cat "$WORK/status")" = 0 ]
}
# A file that changes or goes while it is read ends tar with an error.
archive || archive || archive || fail "the files could not be read to their end, three times"
gzip -dc "$part/files.tar.gz" | tar -tf - >/dev/null || fail "files.tar.gz cannot be read"
enter files.tar.gz

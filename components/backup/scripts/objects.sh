#!/bin/sh
# A step of a backup: copies the objects. They come last, so that those that a row or a document names are there.
set -eu
. "$(dirname "$0")/common.sh"

proceed
python3 -B "$here/objects.py" backup "$part/objects.jsonl.gz" || fail "the objects could not be copied"
say "objects $(cat "$WORK/objects")" >>"$part/manifest"
enter objects.jsonl.gz

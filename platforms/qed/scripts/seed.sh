#!/bin/sh
# Copies the files of the image that a volume would hide into the volume, unless it has them; tells what HMS opens and
# nobody has loaded.
#
# usage: FROM=/app/App_Data TO=/seed seed.sh
set -eu

cd "$FROM"
find . -type d | while IFS= read -r directory; do mkdir -p "$TO/$directory"; done
find . -type f | while IFS= read -r file; do
    [ -e "$TO/$file" ] || cp "$file" "$TO/$file"
done
for file in catchments.sqlite hms_database.sqlite3; do
    [ -s "$TO/$file" ] || echo "$file is not in the volume: load it with ./plinth data load" >&2
done

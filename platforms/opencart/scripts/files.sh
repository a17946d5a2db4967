#!/bin/sh
# Prepares the shared volume: an empty one would hide what OpenCart ships.
set -eu

home="$OPENCART_HOME"
volume="$VOLUME_DIR"

built=$(cat "$home/admin-path")
if [ "$built" != "$ADMIN_PATH" ]; then
    echo "FAILED: the configuration says adminPath: $ADMIN_PATH, but this image was built with ADMIN_PATH=$built; build it anew or change adminPath" >&2
    exit 1
fi

umask 0002
for directory in image/cache image/catalog extension/ocmod $SHARED_STORAGE; do
    mkdir -p "$volume/$directory"
done

# The extension that is part of OpenCart has to fit each pod's own code, so it is not on the volume. Links would not do:
# OpenCart compares real paths. Others that the image brings along are like everything else that it ships.
if [ -n "$SHARED_EXTENSIONS" ]; then
    mkdir -p "$volume/extension/opencart"
    cp -R "$OPENCART_ROOT/extension/opencart/." "$BUNDLED_DIR/"
fi

# Nothing that exists is overwritten. Pods can start at the same time and die half-way: a file appears whole or not at all.
copy_missing() { # from, to, what find leaves out
    cd "$1"
    find . -type f ! -path "$3" | while IFS= read -r file; do
        if [ ! -e "$2/$file" ]; then
            mkdir -p "$2/$(dirname "$file")"
            cp "$file" "$2/$file.$(hostname)"
            mv "$2/$file.$(hostname)" "$2/$file"
        fi
    done
}

# Once per version, so that what people delete stays deleted.
seeded="$volume/.seeded-$(cat "$home/version")"
if [ ! -e "$seeded" ]; then
    copy_missing "$home/seed" "$volume" ""
    if [ -n "$SHARED_EXTENSIONS" ]; then
        copy_missing "$OPENCART_ROOT/extension" "$volume/extension" "./opencart/*"
    fi
    touch "$seeded"
fi

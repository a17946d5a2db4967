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

# Extensions of the image are links to the code of each pod's own image, so that a release brings theirs along.
if [ -n "$LINK_EXTENSIONS" ]; then
    for extension in "$home"/extension/*/; do
        name=$(basename "$extension")
        if [ -d "$volume/extension/$name" ] && [ ! -L "$volume/extension/$name" ]; then
            echo "extension $name is on the volume already: that one is used" >&2
        else
            ln -sfn "${extension%/}" "$volume/extension/$name"
        fi
    done
fi

# Once per version, so that what people delete stays deleted; nothing that exists is overwritten.
seeded="$volume/.seeded-$(cat "$home/version")"
if [ ! -e "$seeded" ]; then
    cd "$home/seed"
    find . -type f | while IFS= read -r file; do
        if [ ! -e "$volume/$file" ]; then
            mkdir -p "$volume/$(dirname "$file")"
            # Pods can start at the same time, and die half-way: a file appears whole or not at all.
            cp "$file" "$volume/$file.$(hostname)"
            mv "$volume/$file.$(hostname)" "$volume/$file"
        fi
    done
    touch "$seeded"
fi

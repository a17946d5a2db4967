#!/bin/sh
# Arranges OpenCart's sources for read-only pods.
#
# usage: ADMIN_PATH=admin prepare.sh SOURCES [ROOT]
#   SOURCES  OpenCart's upload/ directory
#   ROOT     root directory of the image. Default: /
set -eu

sources=$1
root=${2:-}
html="$root/var/www/html"
storage="$root/var/www/storage"
home="$root/opt/opencart"

mkdir -p "$html" "$home/seed"
cp -R "$sources/." "$html/"

# Moved out of the document root, because it must not be served.
mv "$html/system/storage" "$storage"
mv "$html/install" "$home/install"
# The installer expects the system directory next to itself.
ln -s "$html/system" "$home/system"

# The shared volume is mounted over these directories; their contents are copied to a new volume.
mv "$html/image" "$home/seed/image"
mkdir "$html/image"
mkdir -p "$home/seed/storage"
for part in backup download logs marketplace upload; do
    mv "$storage/$part" "$home/seed/storage/$part"
    mkdir "$storage/$part"
done

if [ "$ADMIN_PATH" != admin ]; then
    mv "$html/admin" "$html/$ADMIN_PATH"
fi
# Configuration files are mounted over these.
: > "$html/config.php"
: > "$html/$ADMIN_PATH/config.php"

# The default is true, which would show visitors file names and the database user.
for file in default admin; do
    sed -i "s/^\(\$_\['error_display'\] *= \)true;/\1false;/" "$html/system/config/$file.php"
    grep -q "^\$_\['error_display'\] *= false;" "$html/system/config/$file.php"
done

sed -n "s/^define('VERSION', '\(.*\)');$/\1/p" "$html/index.php" > "$home/version"
test -s "$home/version"
echo "$ADMIN_PATH" > "$home/admin-path"

chmod -R a+rX,go-w "$root/var/www" "$home"

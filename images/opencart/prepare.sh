#!/bin/sh
# Lays OpenCart's sources out for read-only pods.
#
# usage: ADMIN_PATH=admin prepare.sh SOURCES [ROOT]
#   SOURCES  OpenCart's upload/ directory
#   ROOT     where the image's root is. Default: /
set -eu

sources=$1
root=${2:-}
html="$root/var/www/html"
storage="$root/var/www/storage"
home="$root/opt/opencart"

mkdir -p "$html" "$home/seed"
cp -R "$sources/." "$html/"

# Out of the document root: what must not be served.
mv "$html/system/storage" "$storage"
mv "$html/install" "$home/install"
# The installer looks for the system beside itself.
ln -s "$html/system" "$home/system"

# The shared volume is mounted over these: their contents are copied to it when it is new.
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
# Configuration is mounted over these.
: > "$html/config.php"
: > "$html/$ADMIN_PATH/config.php"

# Shipped as true: visitors would read file names and the database's user.
for file in default admin; do
    sed -i "s/^\(\$_\['error_display'\] *= \)true;/\1false;/" "$html/system/config/$file.php"
    grep -q "^\$_\['error_display'\] *= false;" "$html/system/config/$file.php"
done

sed -n "s/^define('VERSION', '\(.*\)');$/\1/p" "$html/index.php" > "$home/version"
test -s "$home/version"
echo "$ADMIN_PATH" > "$home/admin-path"

chmod -R a+rX,go-w "$root/var/www" "$home"

#!/bin/sh
# Arranges OpenMage for read-only pods: upstream's repository, a shop's own repository, or an unpacked release.
#
# usage: prepare.sh SOURCES [TARGET]
#   SOURCES  is not modified. Packages of a composer.json are installed; its extra.magento-root-dir names the
#            document root: "." or a folder such as "pub"
#   TARGET   receives var/www for the PHP image, and assets for the nginx image. Default: /image
set -eu

sources=$1
target=${2:-/image}
www="$target/var/www"
html="$www/html"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -R "$sources/." "$work/"
rm -rf "$work/.git"

folder=.
if [ -f "$work/composer.json" ]; then
    # shellcheck disable=SC2016 # PHP's own variable
    folder=$(php -r 'echo json_decode(file_get_contents($argv[1]), true)["extra"]["magento-root-dir"] ?? ".";' \
        "$work/composer.json")
fi
folder=${folder%/}
case "$folder" in
    */*)
        echo "extra.magento-root-dir is $folder; allowed: \".\" or one folder such as \"pub\"" >&2
        exit 1
        ;;
esac
if [ -f "$work/composer.json" ]; then
    # The PHP extensions are in the final image, not in the image that runs this script.
    (cd "$work" && composer install --no-dev --no-interaction --no-progress --optimize-autoloader \
        --ignore-platform-req='ext-*')
fi

mkdir -p "$www"
if [ "$folder" = . ]; then
    mkdir "$html"
    cp -R "$work/." "$html/"
    vendor="$html/vendor"
else
    # OpenMage finds the packages next to its document root; the link keeps the project's own name for it.
    cp -R "$work/." "$www/"
    mv "$www/$folder" "$html"
    ln -s html "$www/$folder"
    vendor="$www/vendor"
fi

for needed in "$html/index.php" "$html/app/Mage.php" "$vendor/autoload.php"; do
    if [ ! -f "$needed" ]; then
        echo "This is no OpenMage: ${needed#"$www/"} is missing." >&2
        exit 1
    fi
done

# What a developer's folder may contain in addition to the code: keys, dumps, and .env files, which OpenMage would read.
for folder in "$www" "$html"; do
    rm -rf "$folder/auth.json" "$folder/node_modules"
done
find "$www" -path "$vendor" -prune -o \( -name '.env' -o -name '.env.*' -o -name '.git*' -o -name '.idea' \
    -o -name '.ssh' -o -name '.vscode' -o -name '*.sql' -o -name '*.sql.*' \) -prune -exec rm -rf {} +

cd "$html"
rm -rf .ddev .vendor-patches cypress dev docs docs_includes tests
# Files of a running shop, including its keys; errors/local.xml may show error details to visitors.
rm -f app/etc/local.xml errors/local.xml maintenance.flag
# Volumes are mounted over these.
rm -rf media var
mkdir media var

assets="$target/assets"
mkdir -p "$assets/media"
for part in errors js skin favicon.ico robots.txt; do
    # Modules may be symbolic links into the packages.
    [ ! -e "$part" ] || cp -RL "$part" "$assets/"
done
find "$assets" -type f \( -name '*.php' -o -name '*.phtml' -o -name '*.xml*' -o -name '*.scss' -o -name '.ht*' \) -delete

chmod -R a+rX,go-w "$www" "$assets"

#!/bin/sh
# Lays OpenMage out for read-only pods: upstream's repository, a shop's own one, or an unpacked release.
#
# usage: prepare.sh SOURCES [TARGET]
#   SOURCES  is only read. Packages of a composer.json are installed; its extra.magento-root-dir says where the
#            document root is: "." or a folder such as "pub"
#   TARGET   gets var/www for PHP's image, and assets for nginx'. Default: /image
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
    # The extensions are in the image that runs it, not in the one that builds it.
    (cd "$work" && composer install --no-dev --no-interaction --no-progress --optimize-autoloader \
        --ignore-platform-req='ext-*')
fi

mkdir -p "$www"
if [ "$folder" = . ]; then
    mkdir "$html"
    cp -R "$work/." "$html/"
    vendor="$html/vendor"
else
    # OpenMage finds the packages beside its document root; the project may name that as it is used to.
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

# What a developer's folder has beside the code: keys, settings, which OpenMage would take from .env, and dumps.
for folder in "$www" "$html"; do
    rm -rf "$folder/auth.json" "$folder/node_modules"
done
find "$www" -path "$vendor" -prune -o \( -name '.env' -o -name '.env.*' -o -name '.git*' -o -name '.idea' \
    -o -name '.ssh' -o -name '.vscode' -o -name '*.sql' -o -name '*.sql.*' \) -prune -exec rm -rf {} +

cd "$html"
rm -rf .ddev .vendor-patches cypress dev docs docs_includes tests
# What a running shop has left, keys first; errors/local.xml may show visitors what failed.
rm -f app/etc/local.xml errors/local.xml maintenance.flag
# Volumes are mounted over these.
rm -rf media var
mkdir media var

assets="$target/assets"
mkdir -p "$assets/media"
for part in errors js skin favicon.ico robots.txt; do
    # Modules may be links into the packages.
    [ ! -e "$part" ] || cp -RL "$part" "$assets/"
done
find "$assets" -type f \( -name '*.php' -o -name '*.phtml' -o -name '*.xml*' -o -name '*.scss' -o -name '.ht*' \) -delete

chmod -R a+rX,go-w "$www" "$assets"

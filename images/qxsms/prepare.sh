#!/bin/sh
# Arranges QxSMS's code together with the style sheets, scripts and icons that its pages use.
#
# usage: prepare.sh SOURCES TARGET
#   SOURCES  QxSMS's repository; it is not modified
#   TARGET   receives the code: the working directory of the image
set -eu

sources=$1
target=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$sources/package.json" "$sources/package-lock.json" "$work"
cp -R "$sources/frontend/scss" "$work/scss"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund && npm run build)

mkdir -p "$target"
cp -R "$sources/." "$target/"
cd "$target"
# Not needed at run time.
rm -rf .git docs frontend k8s
mkdir -p static/lib static/icons
cp -R "$work/static/css" static/
cp "$work/node_modules/bootstrap/dist/js/bootstrap.bundle.js" static/lib/
cp -R "$work/node_modules/bootstrap-icons/icons/." static/icons/
# Mount points of the pods.
mkdir -p collected_static outbox
chmod -R a+rX,go-w .

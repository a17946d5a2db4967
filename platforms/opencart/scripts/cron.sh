#!/bin/sh
# Runs the jobs that are due. OpenCart's cron.php forgets to load the libraries, and exits 0 after many a failure.
set -eu

cd "$OPENCART_ROOT"
if ! output=$(php -d auto_prepend_file="$OPENCART_STORAGE/vendor/autoload.php" cron.php 2>&1); then
    echo "FAILED: $output" >&2
    exit 1
fi
case $output in
    *"Fatal error"* | *Exception* | *EXCEPTION* | *"unable to load"* | *"[Cron Warning]"*)
        echo "FAILED: $output" >&2
        exit 1
        ;;
esac
echo "$output"

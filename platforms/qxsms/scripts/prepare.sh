#!/bin/sh
# Makes what a read-only image cannot take at each start: translations, and static files in one folder.
#
# usage: PREPARED=/prepared QXSMS_DEBUG=0 prepare.sh, in QxSMS' own folder
set -eu

# Without the checks of Django's compilemessages, which QxSMS' own translations do not pass.
for source in locale/*/LC_MESSAGES/*.po; do
    target="$PREPARED/${source%.po}.mo"
    mkdir -p "${target%/*}"
    msgfmt --output-file="$target" "$source"
done
# The development server finds them itself.
if [ "$QXSMS_DEBUG" = 0 ]; then
    python manage.py collectstatic --noinput --clear --verbosity 0
fi

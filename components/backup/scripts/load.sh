#!/bin/sh
# Second step of a restore: loads the database. The exit code tells whether anything was changed before it failed. A check
# precedes each restore, and loads the dump elsewhere where the database cannot take it back.
set -eu
. "$(dirname "$0")/common.sh"
. "$here/$CLIENT.sh"

[ "$ACTION" != list ] || exit 0
found=$(cat "$WORK/found-at")
read -r engine version <<END
$(value "$found/manifest" engine)
END
# The instance that it is of is not recorded by every backup; the database is.
source=$(value "$found/manifest" instance)
database=$(value "$found/manifest" database)
if [ "${source:-$INSTANCE}" != "$INSTANCE" ] || [ "$database" != "$DB_NAME" ]; then
    case " ${ACCEPT_FROM:-} " in
        *" ${source:-$database} "*) ;;
        *) fail "$BACKUP is of the database $database${source:+ of $source}; this is $DB_NAME of $INSTANCE." \
            "Where that is meant, set backup.acceptFrom: [${source:-$database}] and launch" ;;
    esac
fi
present=$(server_version) || fail "the database at $DB_HOST:$DB_PORT does not let $DB_USER in"
[ "$engine" = "$(engine_of "$present")" ] ||
    fail "$BACKUP is of $engine $version; the server is $(engine_of "$present") $present, which cannot load it"
[ "$(series "$version")" -le "$(series "$present")" ] ||
    fail "$BACKUP is of $engine $version; the server is older, $present: set an image of that version first"
[ -f "$found/$dump_file" ] || fail "$BACKUP holds no $dump_file"
check_dump "$found/$dump_file"
say "$BACKUP: $engine $version fits the server, $present"
if [ "$ACTION" = check ]; then
    rehearse "$found/$dump_file"
    exit 0
fi

tries=${IDLE_TRIES:-120}
while [ "$(connections)" != 0 ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$DB_NAME is in use by others, whose writes would be lost"
    sleep 0.5
done
load "$found/$dump_file"
say "$DB_NAME is that of $BACKUP"

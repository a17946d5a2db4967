#!/bin/sh
# MongoDB through the tools of its own image. The password goes by a file, never as an argument.

documents=documents.archive.gz

# Leaves the file with the password in `secrets`; with the step's own mode from the beginning.
set_up() {
    secrets=$WORK/mongo.yaml
    rm -f "$secrets"
    (umask 077 && printf "password: '%s'\n" "$(printf '%s' "$DOCUMENTS_PASSWORD" | sed "s/'/''/g")" >"$secrets") ||
        fail "the password could not be handed over"
}
tool() { # mongodump or mongorestore, arguments
    program=$1
    shift
    host=$DOCUMENTS_HOST:$DOCUMENTS_PORT
    [ -z "${DOCUMENTS_REPLICA_SET:-}" ] || host=$DOCUMENTS_REPLICA_SET/$host
    [ "${DOCUMENTS_TLS:-false}" != true ] || set -- --ssl "$@"
    "$program" --config="$secrets" --host="$host" --username="$DOCUMENTS_USER" --authenticationDatabase="$DOCUMENTS_AUTH_SOURCE" "$@"
}
# Runs mongorestore on the archive of the backup that was found.
restore_documents() {
    # A backup of another instance may be of a database with another name.
    from=$(value "$found/manifest" documents)
    tool mongorestore --archive="$found/$documents" --gzip --nsInclude="$from.*" --nsFrom="$from.*" --nsTo="$DOCUMENTS_NAME.*" "$@"
}

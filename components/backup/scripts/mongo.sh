#!/bin/sh
# MongoDB through the tools of its own image. The password goes by a file, never as an argument.

documents=documents.archive.gz

# Any bytes as a part of a URL.
escaped() { printf '%s' "$1" | od -An -v -t x1 | tr -d ' \n' | sed 's/../%&/g'; }
# Leaves the file with the connection string in `secrets`; nobody else may read it, from its beginning.
set_up() {
    hosts=$(printf '%s' "$DOCUMENTS_HOST" | sed "s/,/:$DOCUMENTS_PORT,/g"):$DOCUMENTS_PORT
    scheme=mongodb
    # The records have the ports, too.
    if [ "$DOCUMENTS_SRV" = true ]; then scheme=mongodb+srv hosts=$DOCUMENTS_HOST; fi
    query="authSource=$(escaped "$DOCUMENTS_AUTH_SOURCE")&tls=$DOCUMENTS_TLS"
    [ -z "$DOCUMENTS_REPLICA_SET" ] || query="$query&replicaSet=$(escaped "$DOCUMENTS_REPLICA_SET")"
    secrets=$WORK/mongo.yaml
    rm -f "$secrets"
    account=$(escaped "$DOCUMENTS_USER"):$(escaped "$DOCUMENTS_PASSWORD")
    (umask 077 && say "uri: \"$scheme://$account@$hosts/?$query\"" >"$secrets") || fail "the connection could not be written down"
}
tool() { # mongodump or mongorestore, arguments
    program=$1
    shift
    "$program" --config="$secrets" "$@"
}
# Runs mongorestore on the archive of the backup that was found.
restore_documents() {
    # A backup of another instance may be of a database with another name.
    from=$(value "$found/manifest" documents)
    if [ "$from" = "*" ] && [ "$DOCUMENTS_NAME" = "*" ]; then
        # The accounts are the server's own.
        tool mongorestore --archive="$found/$documents" --gzip --nsExclude="admin.*" --nsExclude="config.*" "$@"
        return
    fi
    [ "$from" != "*" ] || fail "the backup holds all databases of its store, not only one to load as $DOCUMENTS_NAME"
    [ "$DOCUMENTS_NAME" = "*" ] || set -- --nsFrom="$from.*" --nsTo="$DOCUMENTS_NAME.*" "$@"
    tool mongorestore --archive="$found/$documents" --gzip --nsInclude="$from.*" "$@"
}

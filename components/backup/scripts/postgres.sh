#!/bin/sh
# PostgreSQL through the clients of its own image. The password goes by environment, never as an argument.

dump_file=database.dump
export PGPASSWORD="$DB_PASSWORD" PGHOST="$DB_HOST" PGPORT="$DB_PORT" PGUSER="$DB_USER" PGDATABASE="$DB_NAME" PGOPTIONS=--client-min-messages=warning

run_sql() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }
ask() { run_sql --command="$1"; }

server_version() { ask 'SHOW server_version'; }
engine_of() { echo postgres; }
series() { printf '%s' "$1" | sed -n 's/^\([0-9]*\).*/\1/p'; }

# One snapshot of all tables, whatever is written meanwhile.
dump() { pg_dump --no-password --format=custom --file="$part/$dump_file" || fail "the dump broke off"; }
# Listing its contents would accept an archive that is cut off; only reading all of it does not.
check_dump() { pg_restore --file=/dev/null "$1" || fail "$dump_file has no end: the dump broke off"; }

connections() { ask 'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()'; }

# Everything that the platform's role owns, but no member of an extension, nor the extensions: they may be the
# administrator's, who alone could make them again; of their tables of settings, such as PostGIS's reference systems, the
# rows that a dump has. Each statement may meet what another has taken along. What is a part of something else, such as the
# sequence of an identity column, cannot go before it, and goes with it.
drop_statements="
WITH own AS (SELECT oid FROM pg_roles WHERE rolname = current_user),
     free AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
     kept AS (SELECT classid, objid FROM pg_depend WHERE deptype IN ('e', 'i'))
SELECT format('DROP SCHEMA IF EXISTS %I CASCADE;', nspname) FROM pg_namespace JOIN free USING (oid, nspname)
 WHERE nspowner IN (TABLE own) AND nspname <> 'public'
UNION ALL
SELECT format('DROP %s IF EXISTS %I.%I CASCADE;',
    CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
    nspname, relname)
  FROM pg_class JOIN free ON free.oid = relnamespace
 WHERE relowner IN (TABLE own) AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ('pg_class'::regclass, pg_class.oid) NOT IN (TABLE kept)
UNION ALL
SELECT format('DROP ROUTINE IF EXISTS %s CASCADE;', pg_proc.oid::regprocedure) FROM pg_proc JOIN free ON free.oid = pronamespace
 WHERE proowner IN (TABLE own) AND ('pg_proc'::regclass, pg_proc.oid) NOT IN (TABLE kept)
UNION ALL
SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE;', nspname, typname) FROM pg_type JOIN free ON free.oid = typnamespace
  LEFT JOIN pg_class ON pg_class.oid = typrelid
 WHERE typowner IN (TABLE own) AND (typtype IN ('e', 'd', 'r') OR relkind = 'c') AND ('pg_type'::regclass, pg_type.oid) NOT IN (TABLE kept)
UNION ALL
SELECT format('SELECT lo_unlink(%s);', oid) FROM pg_largeobject_metadata WHERE lomowner IN (TABLE own)
UNION ALL
SELECT format('DELETE FROM %s %s;', settings, condition)
  FROM (SELECT unnest(extconfig)::regclass AS settings, unnest(extcondition) AS condition FROM pg_extension) AS tables
 WHERE has_table_privilege(settings, 'DELETE')"

# The load itself changes nothing unless it goes to its end.
rehearse() { :; }
# Everything in one transaction: it takes place as a whole, or not at all.
load() { # file
    drops=$(ask "$drop_statements") || fail "what the database holds could not be read"
    # Only its owner may comment on an extension.
    pg_restore --list "$1" | sed '/ COMMENT - EXTENSION /d' >"$WORK/contents"
    {
        say 'BEGIN;' "$drops"
        if pg_restore --no-owner --use-list="$WORK/contents" --file=- "$1"; then
            say 'COMMIT;'
            echo 0 >"$WORK/status"
        else
            echo 1 >"$WORK/status"
        fi
    } | run_sql >/dev/null || fail "the dump does not load; $DB_NAME is as it was"
    [ "$(cat "$WORK/status")" = 0 ] || fail "the dump cannot be read; $DB_NAME is as it was"
}

#!/bin/sh
# Before Django: collects its files for nginx and Flask, and makes the tables of accounts and sessions. The suite's own
# start script does the same, with a command that Django 4 does not have.
set -eu

django-admin collectstatic --noinput --verbosity 0
until django-admin migrate auth --noinput; do
    echo "waiting for the database" >&2
    sleep 3
done
django-admin migrate sessions --noinput

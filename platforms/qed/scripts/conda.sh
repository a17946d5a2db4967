#!/bin/sh
# Runs a command in an environment of conda, in place of this shell: `conda run` does not pass signals on, so that a
# worker would not finish its tasks when its pod ends.
#
# usage: conda.sh ENVIRONMENT COMMAND ARGUMENTS
set -e
settings=$(conda shell.posix activate "$1")
shift
eval "$settings"
exec "$@"

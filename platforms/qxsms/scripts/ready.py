"""Holds a pod back until what it uses is there, also where everything is started at once."""

import sys

from common import await_broker, await_migrations

await_migrations()
if "broker" in sys.argv[1:]:
    await_broker()

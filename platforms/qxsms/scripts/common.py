"""What the scripts share: QxSMS' settings, and waiting. Each works with the image's own Django and Celery."""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qxsms.settings")

import django

django.setup()

from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

# Seconds to wait for servers and for the migrations.
PATIENCE = int(os.environ.get("PATIENCE", "600"))


def fail(message):
    sys.exit(f"FAILED: {message}")


def wait(what, attempt):
    """Calls `attempt` until it returns None; what it returns instead is the reason to wait, as is a database that is away."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            reason = attempt()
        except OperationalError as error:
            connection.close()
            reason = str(error).strip()
        if reason is None:
            return
        if time.monotonic() >= end:
            fail(f"{what}: {reason}")
        print(f"waiting for {what}: {reason}", flush=True)
        time.sleep(2)


def await_database():
    wait("the database", connection.ensure_connection)


def await_migrations():
    """Until the database is at least at the version of this code."""

    def missing():
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return f"{len(plan)} migrations are missing" if plan else None

    wait("the migrations", missing)


def await_broker():
    from qxsms import celery_app

    def login():
        with celery_app.connection_for_write(connect_timeout=5) as broker:
            try:
                broker.connect()
            except (*broker.connection_errors, *broker.channel_errors) as error:
                return str(error)
        return None

    wait("the broker", login)

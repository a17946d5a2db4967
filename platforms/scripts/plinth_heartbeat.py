"""A worker's sign of life: a file that is touched as long as Celery answers, and whose age a liveness probe looks at.

Celery makes lost connections anew, and waits for a broker that is away. But a worker that no longer hears of a broker
which is there does not come back by itself, whatever the cause: it has to be started again. Celery's own way to ask from
outside loads the application each time.
"""

import os
import threading
import time

from celery.signals import celeryd_after_setup, worker_shutting_down

FILE = os.environ.get("CELERY_HEARTBEAT_FILE", "/tmp/celery.alive")
PERIOD = float(os.environ.get("CELERY_HEARTBEAT_SECONDS", "30"))
# For an answer: the worker may be busy with what it takes from its queue.
PATIENCE = 10.0

ending = threading.Event()


def touch():
    with open(FILE, "a"):
        os.utime(FILE)


def hears(app, name):
    """Whether the worker answers, by way of the broker; also if it cannot be asked."""
    connection = app.connection_for_write()
    # Workers listen under the same conditions.
    if not (app.conf.worker_enable_remote_control and connection.supports_exchange_type("fanout")):
        return True
    try:
        # One attempt, of as many seconds as Celery itself has for one.
        connection.connect()
    except Exception:
        connection.release()
        return True
    try:
        if app.control.inspect(destination=[name], timeout=PATIENCE, connection=connection).ping():
            return True
    except Exception:
        pass
    finally:
        leave(connection)
    return takes_nothing(app)


def leave(connection):
    """Without AMQP's farewell, to which a broker that takes nothing does not answer."""
    drop = getattr(connection.connection, "collect", None) if connection.connected else None
    if drop:
        drop()
    else:
        connection.release()


def takes_nothing(app):
    """Whether the broker is there, but takes no messages: RabbitMQ, under an alarm of memory or disk.

    It tells those that publish something: https://www.rabbitmq.com/docs/connection-blocked
    """
    told = []
    connection = app.connection_for_write()
    if connection.transport.driver_type != "amqp":
        return False
    try:
        connection.connect()
        connection.connection.on_blocked = told.append
        # To no queue.
        connection.Producer().publish("", routing_key=__name__)
        connection.drain_events(timeout=PATIENCE)
    except Exception:
        # Nothing was said.
        pass
    finally:
        leave(connection)
    return bool(told)


def watch(app, name):
    while True:
        # First, so that no module is being imported while the pool forks: its processes would wait for it for ever.
        time.sleep(PERIOD)
        # A worker that ends takes no more questions, but finishes its tasks.
        if ending.is_set() or hears(app, name):
            touch()


@celeryd_after_setup.connect
def begin(sender, instance, **_):
    touch()
    threading.Thread(target=watch, args=(instance.app, sender), name="plinth-heartbeat", daemon=True).start()


@worker_shutting_down.connect
def end(**_):
    ending.set()

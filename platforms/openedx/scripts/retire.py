"""Runs before Celery is told to stop: makes the worker take no more tasks from its queues.

Once told to stop, it no longer reads what the broker answers to its last request, for up to a second. A task in such an
answer waits in the connection until the worker has done all others, and is lost if the broker is away by then.

Arguments: the worker's name, as in --hostname; its queues.
"""

import os
import sys
import time

import yaml
from celery import Celery
from celery.utils.nodenames import default_nodename, host_format

ANSWER_SECONDS = 3
# Of the last request, which the worker still reads, and puts back what it gets.
REQUEST_SECONDS = 1.5

hostname, *queues = sys.argv[1:]
with open(os.environ[f"{os.environ['SERVICE_VARIANT'].upper()}_CFG"], encoding="utf-8") as file:
    given = yaml.safe_load(file)
transport, user, password, address, database = (
    given[f"CELERY_BROKER_{part}"] for part in ("TRANSPORT", "USER", "PASSWORD", "HOSTNAME", "VHOST")
)
app = Celery(broker=f"{transport}://{user}:{password}@{address}/{database}")
app.conf.broker_transport_options = given["CELERY_BROKER_TRANSPORT_OPTIONS"]
if transport == "rediss":
    app.conf.broker_use_ssl = {
        "ssl_cert_reqs": "required",
        "ssl_ca_certs": os.environ["SSL_CERT_FILE"],
        "ssl_check_hostname": "BROKER_ANY_NAME" not in os.environ,
    }
worker = host_format(default_nodename(hostname))
for queue in queues:
    app.control.cancel_consumer(queue, destination=[worker])
# It does one after the other.
if not app.control.ping(destination=[worker], timeout=ANSWER_SECONDS):
    sys.exit(f"FAILED: {worker} does not answer")
time.sleep(REQUEST_SECONDS)

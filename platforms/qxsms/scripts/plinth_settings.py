"""QxSMS' own settings, and TLS to the broker, for which it has none: its certificate must be valid and name the host."""

import os
import ssl

from qxsms.settings import *  # noqa: F403

CELERY_BROKER_USE_SSL = {
    "ca_certs": os.environ["RABBIT_TLS_CA"],
    "cert_reqs": ssl.CERT_REQUIRED,
    "server_hostname": os.environ["RABBIT_TLS_NAME"],
}

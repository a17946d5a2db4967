"""QxSMS' own settings, and TLS to the broker, for which it has none: its certificate must be valid.

It must have the name RABBIT_TLS_NAME, if there is one.
"""

import os
import ssl

from qxsms.settings import *  # noqa: F403

CELERY_BROKER_USE_SSL = {
    "ca_certs": os.environ["RABBIT_TLS_CA"],
    "cert_reqs": ssl.CERT_REQUIRED,
}
if "RABBIT_TLS_NAME" in os.environ:
    CELERY_BROKER_USE_SSL["server_hostname"] = os.environ["RABBIT_TLS_NAME"]

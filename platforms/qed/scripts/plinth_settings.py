"""QED's own settings, and what only the deployment knows. All values come from the environment and from files."""
import importlib
import os

from django.core.exceptions import ImproperlyConfigured

_own = importlib.import_module(os.environ["QED_SETTINGS"])
globals().update({name: value for name, value in vars(_own).items() if name.isupper()})

# The suite's settings for Kubernetes overwrite this variable with a host name of their own.
if "QED_REST_SERVER" in os.environ:
    os.environ["UBERTOOL_REST_SERVER"] = os.environ["QED_REST_SERVER"]

ALLOWED_HOSTS = os.environ["QED_HOSTS"].split(",")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ["QED_SECURE"] == "1"
DEBUG = os.environ["DEBUG"] == "1"


def _secret(name):
    with open(os.path.join(os.environ["QED_SECRETS"], name)) as file:
        value = file.read().strip()
    if not value:
        raise ImproperlyConfigured("%s is empty" % name)
    return value


# The suite falls back to a constant, which everybody knows.
SECRET_KEY = _secret("secret_key_django_dropbox.txt")

# Accounts and sessions: the suite's are in a file of the container, where they end with it, and which several pods do
# not share.
if "PISCES_DB_HOST" in os.environ and "PISCES_DB_PORT" in os.environ:
    _postgres = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PISCES_DB_NAME"],
        "USER": os.environ["PISCES_DB_USER"],
        "PASSWORD": _secret("secret_key_database.txt"),
        "HOST": os.environ["PISCES_DB_HOST"],
        "PORT": os.environ["PISCES_DB_PORT"],
        "OPTIONS": {"connect_timeout": 5},
    }
    DATABASES = {**DATABASES, "default": _postgres, "pisces_db": _postgres}
else:
    DATABASES = {
        **DATABASES,
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["QED_SQLITE"]},
    }

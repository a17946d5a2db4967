"""Executes production.py on a base that behaves like Open edX's, and prints the settings as JSON.

run.py FOLDER VARIANT ENV: FOLDER holds lms/envs/tutor/production.py or cms/…, ENV is the env file as JSON.
"""

import importlib
import json
import logging.config
import os
import sys
import types

folder, variant, env_file = sys.argv[1:]
made = []
os.makedirs = lambda path, exist_ok=False: made.append(path)
# Tutor only makes a folder that is not there, and this machine may be any.
os.path.exists = lambda path: False


def module(name, **content):
    """A module that imports find; with a path, those below it come from the folder."""
    one = types.ModuleType(name)
    one.__dict__.update(content)
    sys.modules[name] = one
    return one


for package in (variant, f"{variant}.envs", f"{variant}.envs.tutor"):
    module(package).__path__ = [os.path.join(folder, *package.split("."))]


class FeaturesProxy(dict):
    """Flags are names of the module."""

    def __init__(self, namespace):
        super().__init__()
        self.namespace = namespace

    def __setitem__(self, key, value):
        self.namespace[key] = value

    def update(self, other):
        self.namespace.update(other)


def update_module_store_settings(setting, doc_store_settings=None, module_store_options=None):
    for store in setting["default"]["OPTIONS"]["stores"]:
        store["OPTIONS"].update(module_store_options or {})
        store["DOC_STORE_CONFIG"].update(doc_store_settings)


jail = {}
module("openedx.core.lib.features_setting_proxy", FeaturesProxy=FeaturesProxy)
module("xmodule.modulestore.modulestore_settings", update_module_store_settings=update_module_store_settings)
module("codejail").jail_code = module(
    "codejail.jail_code", configure=lambda command, path, user=None: jail.update({command: [path, user]})
)
module("botocore.client", Config=lambda **options: options)
for parent in ("openedx", "openedx.core", "openedx.core.lib", "xmodule", "xmodule.modulestore", "botocore"):
    module(parent)

handler = {"class": "logging.StreamHandler", "formatter": "standard", "level": "INFO"}
syslog = {"class": "logging.handlers.SysLogHandler", "address": "/dev/log", "formatter": "standard"}
base = {
    "CACHES": {"default": {}, "staticfiles": {}},
    "CSRF_TRUSTED_ORIGINS": [],
    "DATABASE_ROUTERS": ["openedx.core.lib.django_courseware_routers.StudentModuleHistoryExtendedRouter"],
    "IDA_LOGOUT_URI_LIST": [],
    "INSTALLED_APPS": ["lms.djangoapps.coursewarehistoryextended", "lms.djangoapps.courseware"],
    "JWT_AUTH": {"JWT_LOGIN_CLIENT_ID": "login-service-client-id", "JWT_ISSUER": "http://127.0.0.1:8000/oauth2"},
    "LOGGING": {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"standard": {"format": "%(message)s"}, "raw": {"format": "%(message)s"}},
        "handlers": {"console": handler, "local": dict(syslog), "tracking": dict(syslog, formatter="raw")},
        "loggers": {
            "": {"handlers": ["console", "local"], "level": "INFO", "propagate": False},
            "tracking": {"handlers": ["tracking"], "level": "DEBUG", "propagate": False},
            "requests.packages.urllib3": {"level": "WARN"},
        },
    },
    "LOGIN_REDIRECT_WHITELIST": ["/home/"],
    "MODULESTORE": {
        "default": {"OPTIONS": {"stores": [{"NAME": "split", "DOC_STORE_CONFIG": {"db": "edxapp"}, "OPTIONS": {}}]}}
    },
    "PIPELINE": {"JAVASCRIPT": {"base_vendor": {"source_filenames": []}}},
    "PROFILE_IMAGE_BACKEND": {
        "class": "openedx.core.storage.OverwriteStorage",
        "options": {"location": "/edx/var/edxapp/media/profile-images/", "base_url": "/media/profile-images/"},
    },
    "REGISTRATION_EXTRA_FIELDS": {"level_of_education": "optional", "honor_code": "required"},
    "STATIC_ROOT": "/openedx/staticfiles",
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "openedx.core.storage.ProductionStorage"},
    },
    "TEMPLATES": [{"DIRS": ["/openedx/edx-platform/common/templates"]}],
    "VIDEO_IMAGE_SETTINGS": {"STORAGE_KWARGS": {"location": "/edx/var/edxapp/media/"}},
    "VIDEO_TRANSCRIPTS_SETTINGS": {"STORAGE_KWARGS": {"location": "/edx/var/edxapp/media/"}},
}
with open(env_file, encoding="utf-8") as file:
    env = json.load(file)
special = ("FEATURES", "JWT_AUTH")
base.update({key: value for key, value in env.items() if key not in special})
base.update(env["FEATURES"])
base["JWT_AUTH"].update(env.get("JWT_AUTH", {}))
# What Open edX sets whatever the env file says.
base.update(ENV_TOKENS=env, SEARCH_ENGINE="search.elastic.ElasticSearchEngine", SESSION_COOKIE_SAMESITE="None")
base.update(AWS_DEFAULT_ACL="public-read", AWS_BUCKET_ACL="public-read", OAUTH_ENFORCE_SECURE=True)
base.update(CORS_ORIGIN_WHITELIST=(), CORS_ORIGIN_ALLOW_ALL=False, CORS_ALLOW_INSECURE=False)
base["BROKER_URL"] = "{}://{}:{}@{}/{}".format(
    *(base[f"CELERY_BROKER_{part}"] for part in ("TRANSPORT", "USER", "PASSWORD", "HOSTNAME", "VHOST"))
)
base["BROKER_TRANSPORT_OPTIONS"] = base.get("CELERY_BROKER_TRANSPORT_OPTIONS", {})
if base["AWS_ACCESS_KEY_ID"] and base["AWS_SECRET_ACCESS_KEY"]:
    base["STORAGES"]["default"]["BACKEND"] = "storages.backends.s3boto3.S3Boto3Storage"
base["USER_TASKS_ARTIFACT_STORAGE"] = base["STORAGES"]["default"]["BACKEND"]
base["COURSE_IMPORT_EXPORT_STORAGE"] = base["STORAGES"]["default"]["BACKEND"]
module(f"{variant}.envs.production", **base)

production = importlib.import_module(f"{variant}.envs.tutor.production")
names = {key: value for key, value in vars(production).items() if key.isupper()}
if all("filename" not in one for one in names["LOGGING"]["handlers"].values()):
    logging.config.dictConfig(names["LOGGING"])
for derived in ("ENV_TOKENS", "FEATURES"):
    names.pop(derived)
aws = {key: os.environ.get(f"AWS_{key}") for key in ("DEFAULT_REGION", "CONFIG_FILE")}
json.dump({"settings": names, "folders": made, "jail": jail, "aws": aws}, sys.stdout)

"""Brings the database to the version of this code: once for each release, however many pods there are."""

from common import await_database, fail
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

await_database()
call_command("migrate", interactive=False)
call_command("createcachetable")
# It reports success when it fails.
call_command("create_group")
wanted = {settings.QXSMS_GROUP_ADMINS, settings.QXSMS_GROUP_MANAGERS, settings.QXSMS_GROUP_PANEL_MEMBERS}
missing = wanted - set(Group.objects.values_list("name", flat=True))
if missing:
    fail(f"these groups are missing: {', '.join(sorted(missing))}")

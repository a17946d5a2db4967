"""Makes the first account; one that exists is left as it is."""

import os

from common import await_migrations, fail
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction

await_migrations()
email = settings.ADMINS[0][1]
users = get_user_model().objects
if users.filter(email=email).exists():
    print("the account exists")
elif "ADMIN_PASSWORD" in os.environ:
    users.create_superuser(email=email, password=os.environ["ADMIN_PASSWORD"])
    print("the account is made")
else:
    try:
        # Without a transaction an account stays behind whose password nobody got.
        with transaction.atomic():
            call_command("createadmin")
    except CommandError:
        fail(f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} did not take the mail with the password; no account is made")

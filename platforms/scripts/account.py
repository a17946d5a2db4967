"""Makes an account (create FIELD SETTINGS NAME) or changes a password (password FIELD SETTINGS NAME) of a Django
application.

FIELD is what one logs in with: username, or email, in which capitals do not count. SETTINGS is the module of settings,
unless the environment names one; empty where it always does. The password is a line of standard input.
"""
import os
import sys

action, field, settings, name = sys.argv[1:]
if settings:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

password = sys.stdin.readline().rstrip("\n")
users = get_user_model().objects
user = users.filter(**{"email__iexact" if field == "email" else field: name}).first()
if action == "create" and user:
    sys.exit(f"{name} has an account already; its password: changepassword")
if action == "password" and not user:
    sys.exit(f"{name} has no account; to create one: createsuperuser")
try:
    validate_password(password, user)
except ValidationError as error:
    sys.exit("The password is not allowed: " + " ".join(error.messages))
if user:
    user.set_password(password)
    user.save()
    print(f"The password of {name} is changed.")
else:
    users.create_superuser(password=password, **{field: name})
    print(f"{name} has an account, with all rights.")

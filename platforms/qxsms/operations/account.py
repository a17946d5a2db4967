"""Makes an account (create ADDRESS) or changes a password (password ADDRESS); the password is a line of standard input."""
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qxsms.settings")

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

action, email = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
users = get_user_model().objects
user = users.filter(email__iexact=email).first()
if action == "create" and user:
    sys.exit(f"{email} has an account already; its password: changepassword")
if action == "password" and not user:
    sys.exit(f"{email} has no account; to create one: createsuperuser")
try:
    validate_password(password, user)
except ValidationError as error:
    sys.exit("The password is not allowed: " + " ".join(error.messages))
if user:
    user.set_password(password)
    user.save()
    print(f"The password of {email} is changed.")
else:
    users.create_superuser(email=email, password=password)
    print(f"{email} has an account, with all rights.")

"""Makes an account (create NAME) or changes a password (password NAME); the password is a line of standard input."""
import sys

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

action, name = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
users = get_user_model().objects
user = users.filter(username=name).first()
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
    users.create_superuser(username=name, password=password)
    print(f"{name} has an account, with all rights.")

"""Makes an account (create STAFF SUPERUSER NAME EMAIL, the first two yes or no) or changes a password (password NAME);
the password is a line of standard input."""
import sys

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

action, *words = sys.argv[1:]
staff, superuser, name, email = words if action == "create" else (None, None, words[0], None)
password = sys.stdin.readline().rstrip("\n")
users = get_user_model().objects
user = users.filter(username=name).first()
if action == "create" and user:
    sys.exit(f"{name} has an account already; its password: changepassword")
if action == "password" and not user:
    sys.exit(f"{name} has no account; to create one: createuser")
try:
    validate_password(password, user)
except ValidationError as error:
    sys.exit("The password is not allowed: " + " ".join(error.messages))
if action == "create":
    try:
        # The LMS's own command, which also makes the profile that pages expect.
        call_command("manage_user", name, email, staff=staff == "yes", superuser=superuser == "yes")
    except CommandError as error:
        sys.exit(str(error))
    user = users.get(username=name)
user.set_password(password)
# Whoever has an account made by an administrator need not follow a link in a mail first.
user.is_active = True
user.save()
print(f"{name} has an account." if action == "create" else f"The password of {name} is changed.")

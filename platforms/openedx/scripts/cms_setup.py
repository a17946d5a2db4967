"""Sets Studio up after its migrations. Run by `manage.py cms shell`; safe to run any number of times."""

from django.core.management import call_command, get_commands

if "load_policies" in get_commands():
    call_command("load_policies")
print("Studio is set up.", flush=True)

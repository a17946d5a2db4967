"""Puts courses and libraries into the search index, in one process. Run by `manage.py cms shell`."""

import os

from django.core.management import call_command

# Studio's own index is filled by a worker, from the queue.
if os.environ.get("REINDEX") != "courses":
    call_command("reindex_studio")
call_command("reindex_course", active=True)
print("All courses are in the index, or in its queue.", flush=True)

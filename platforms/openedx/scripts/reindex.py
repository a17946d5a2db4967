"""Puts courses and libraries into the search index, in one process. Run by `manage.py cms shell`.

Environment: REINDEX is `missing`, for everything if the index is empty, as after a new engine; `courses`; or `all`.
"""

import json
import os
import urllib.request

from django.conf import settings
from django.core.management import call_command


def ask(path):
    request = urllib.request.Request(
        settings.MEILISEARCH_URL + path,
        headers={"Authorization": f"Bearer {settings.MEILISEARCH_API_KEY}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def is_empty():
    uids = [index["uid"] for index in ask("/indexes?limit=1000")["results"]]
    own = [uid for uid in uids if uid.startswith(settings.MEILISEARCH_INDEX_PREFIX)]
    return not any(ask(f"/indexes/{uid}/stats")["numberOfDocuments"] for uid in own)


what = os.environ.get("REINDEX", "all")
if what == "missing" and not is_empty():
    print("The index is not empty; nothing to do.", flush=True)
else:
    # Studio's own index is filled by a worker, from the queue.
    if what != "courses":
        call_command("reindex_studio")
    call_command("reindex_course", active=True)
    print("All courses are in the index, or in its queue.", flush=True)

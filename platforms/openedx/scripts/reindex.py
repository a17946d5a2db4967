"""Puts courses, libraries and discussions into the search index, in one process. Run by `manage.py cms shell`.

Environment: REINDEX is `missing`, for everything unless an earlier run with the same engine has ended; `courses`; or
`all`.
"""

import json
import os
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command, get_commands
from xmodule.modulestore.django import modulestore

# An empty index, which goes with the engine's data.
MARK = f"{settings.MEILISEARCH_INDEX_PREFIX}plinth-complete"


def ask(method, path, body=None):
    request = urllib.request.Request(
        settings.MEILISEARCH_URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {settings.MEILISEARCH_API_KEY}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def is_complete():
    try:
        ask("GET", f"/indexes/{MARK}")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise
    return True


what = os.environ.get("REINDEX", "all")
if what == "missing" and is_complete():
    print("The index is complete; nothing to do.", flush=True)
else:
    if what != "courses":
        # Studio's own index is filled by a worker, from the queue.
        call_command("reindex_studio")
        if "rebuild_forum_indices" in get_commands():
            call_command("rebuild_forum_indices")
    # By name, as the command's own choices leave out courses that have ended, or ask before they begin.
    courses = [str(course.id) for course in modulestore().get_course_summaries()]
    if courses:
        call_command("reindex_course", *courses)
    if what != "courses" and not is_complete():
        ask("POST", "/indexes", {"uid": MARK})
    print(f"{len(courses)} courses are in the index, or in its queue.", flush=True)

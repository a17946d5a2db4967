"""Sets the LMS up, in one process, since each start of manage.py takes twenty seconds. Safe to run any number of times.

Run by `manage.py lms shell`. Environment: LMS_HOST, STUDIO_HOST, STUDIO_URL, CMS_OAUTH2_SECRET; THEME, the name of a
theme or `default`, unless it is left as it is.
"""

import logging
import os
import runpy
import sys

from django.contrib.sites.models import Site
from django.core.management import call_command, get_commands
from waffle.models import Flag, Switch

FLAGS_ON = [
    "course_home.course_home_mfe_progress_tab",
    "courseware.enable_navigation_sidebar",
    "discussions.enable_discussions_mfe",
    "discussions.enable_learners_stats",
    "discussions.enable_learners_tab_in_discussions_mfe",
    "discussions.enable_moderation_reason_codes",
    "discussions.enable_new_structure_discussions",
    "discussions.enable_reported_content_email_notifications",
    "learner_home_mfe.enabled",
    "openresponseassessment.enhanced_staff_grader",
]
FLAGS_OFF = ["courseware.always_open_auxiliary_sidebar"]
SWITCHES_ON = ["completion.enable_completion_tracking"]


def name_site():
    """Mails and SAML name the default site, which a new database calls example.com."""
    host = os.environ["LMS_HOST"]
    own = Site.objects.filter(pk=2).first()
    other = Site.objects.filter(domain=host).exclude(pk=2).exists()
    if own is not None and own.domain == "example.com" and not other:
        own.domain = host
        own.name = host[:50]
        own.save()


def register_studio():
    call_command("manage_user", "cms", "cms@openedx", unusable_password=True)
    # The command logs the secret.
    logging.disable(logging.INFO)
    call_command(
        "create_dot_application",
        "cms-sso",
        "cms",
        grant_type="authorization-code",
        redirect_uris=f"{os.environ['STUDIO_URL']}/complete/edx-oauth2/",
        client_id="cms-sso",
        client_secret=os.environ["CMS_OAUTH2_SECRET"],
        scopes="user_id",
        skip_authorization=True,
        update=True,
    )
    logging.disable(logging.NOTSET)


def set_flags():
    """Only those that are not there, since administrators may have changed the others."""
    for name in FLAGS_ON:
        Flag.objects.get_or_create(name=name, defaults={"everyone": True})
    for name in FLAGS_OFF:
        Flag.objects.get_or_create(name=name, defaults={"everyone": False})
    for name in SWITCHES_ON:
        Switch.objects.get_or_create(name=name, defaults={"active": True})
    # New discussions are kept in MySQL; what an older version has in MongoDB stays there until it is moved.
    if os.environ.get("FORUM") == "true":
        Flag.objects.get_or_create(name="forum_v2.enable_mysql_backend", defaults={"everyone": True})


def set_theme():
    if theme := os.environ.get("THEME"):
        sys.argv = ["theme.py", theme, os.environ["LMS_HOST"], os.environ["STUDIO_HOST"]]
        runpy.run_path("/opt/plinth/theme.py")


def create_indexes():
    import search.meilisearch

    search.meilisearch.create_indexes()


for step in (name_site, set_flags, set_theme, create_indexes):
    print(step.__name__, flush=True)
    step()
commands = ["populate_retirement_states", "load_policies"]
if os.environ.get("FORUM") == "true":
    commands.append("initialize_forum_indices")
for command in commands:
    if command in get_commands():
        print(command, flush=True)
        call_command(command)
# Last, because pods of a new instance wait for it.
register_studio()
print("The LMS is set up.", flush=True)

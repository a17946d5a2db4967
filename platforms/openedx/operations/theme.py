"""Sets the theme of hosts: THEME HOST…; `default` removes it."""
import os
import sys

import django

django.setup()

from django.conf import settings
from django.contrib.sites.models import Site
from django.db import transaction
from openedx.core.djangoapps.theming.models import SiteTheme

theme, *hosts = sys.argv[1:]
folders = [str(folder) for folder in settings.COMPREHENSIVE_THEME_DIRS]
themes = sorted(name for folder in folders if os.path.isdir(folder) for name in os.listdir(folder))
if theme != "default" and theme not in themes:
    sys.exit(f'The image has no theme "{theme}"; allowed: default{"".join(", " + name for name in themes)}')
with transaction.atomic():
    for host in hosts:
        site, _ = Site.objects.get_or_create(domain=host, defaults={"name": host[:50]})
        SiteTheme.objects.filter(site=site).delete()
        if theme != "default":
            SiteTheme.objects.create(site=site, theme_dir_name=theme)
        print(f"{host}: {theme}")

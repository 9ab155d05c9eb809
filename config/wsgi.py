"""Entry point for WSGI servers (gunicorn)."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.gc_tuning import freeze_loaded_objects
from config.odd_requests import with_known_charset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = with_known_charset(get_wsgi_application())
# Before the web server's processes are forked: otherwise each loads all pages at its first request.
get_resolver().url_patterns  # noqa: B018
freeze_loaded_objects()

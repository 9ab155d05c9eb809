"""Entry point for WSGI servers (gunicorn)."""

import os

from django.core.wsgi import get_wsgi_application

from config.gc_tuning import freeze_loaded_objects
from config.odd_requests import with_known_charset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = with_known_charset(get_wsgi_application())
freeze_loaded_objects()

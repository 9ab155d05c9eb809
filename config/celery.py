"""The Celery application. It finds the tasks of every package."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("causebook")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_like_django(**_: Any) -> None:
    """Workers and beat log in the product's one format instead of Celery's own."""
    dictConfig(settings.LOGGING)

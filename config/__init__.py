"""Wiring only: settings, URLs, Celery and server entry points."""

from config.celery import app as celery_app

__all__ = ["celery_app"]

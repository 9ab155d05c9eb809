"""Wiring only: settings, URLs, Celery and server entry points."""

"""Celery tasks of the product's own health."""

from __future__ import annotations

from celery import shared_task

from config.observability import own_incidents


@shared_task(expires=50)
def check_itself() -> None:
    own_incidents.check_if_due()

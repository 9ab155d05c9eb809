"""Celery tasks of running the product."""

from __future__ import annotations

from celery import shared_task

from config.backup import schedule
from config.observability import own_incidents


@shared_task
def check_itself() -> None:
    own_incidents.check_if_due()


@shared_task(soft_time_limit=schedule.WITHIN, time_limit=schedule.WITHIN + 60)
def back_up() -> None:
    schedule.run_if_due()

"""Celery tasks of running the product."""

from __future__ import annotations

from celery import shared_task

from config.backup import schedule


@shared_task(
    expires=schedule.TRY_EVERY,
    soft_time_limit=schedule.WITHIN,
    time_limit=schedule.WITHIN + 60,
)
def back_up() -> None:
    schedule.run_if_due()

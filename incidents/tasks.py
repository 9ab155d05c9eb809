"""Celery's errands of the intake. Each may run twice or be lost; the sweep comes again."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_ready

from incidents import access, events, lifecycle, working


@shared_task(expires=30)
def work_deliveries() -> None:
    working.work_waiting()


@shared_task(expires=10)
def sweep_intake() -> None:
    """Work what waits, open what has fired long enough, close what has been quiet."""
    working.work_waiting(seconds=5.0)
    lifecycle.open_due()
    lifecycle.close_quiet()


@shared_task(expires=3600)
def forget_deliveries() -> None:
    working.forget_old()


@shared_task(expires=3600)
def forget_answers() -> None:
    access.forget_answers()
    events.forget_events()


@worker_ready.connect
def work_on_start(**_: object) -> None:
    sweep_intake.delay()

"""Celery tasks. Each may run twice or get lost; the periodic sweep catches up."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_ready

from incidents import retention, scheduled_runs
from incidents.alerts import auto_close, heartbeats
from incidents.intake import processing
from incidents.push import sending


@shared_task(expires=30)
def work_deliveries() -> None:
    processing.process_waiting()


@shared_task(expires=10)
def sweep_intake() -> None:
    """Process waiting deliveries, open incidents that are due, close quiet ones."""
    processing.process_waiting(seconds=5.0)
    auto_close.open_overdue_alerts()
    auto_close.close_quiet_incidents()


HEARTBEAT = "worker-heartbeat"
"""The periodic task that shows that beat and workers live."""


@shared_task
def worker_heartbeat() -> None:
    scheduled_runs.sign_of_life("worker")


@shared_task
def check_heartbeats() -> None:
    """Open incidents for heartbeats that stay away."""
    heartbeats.check_heartbeats()


@shared_task(expires=30)
def send_pushes() -> int:
    return sending.send_due()


@shared_task(expires=3600)
def forget_deliveries() -> None:
    retention.delete_old_deliveries()


@shared_task(expires=3600)
def forget_answers() -> None:
    retention.delete_old_idempotent_responses()
    retention.delete_old_events()


@worker_ready.connect
def work_on_start(**_: object) -> None:
    sweep_intake.delay()

"""Celery's errands. Each may run twice or be lost; the next one finds what is left to do."""

from celery import shared_task

from practice import measuring, monthly, recording, reviewing


@shared_task(expires=50, soft_time_limit=110, time_limit=120)
def count_events() -> int:
    return measuring.pull_all()


@shared_task(expires=50, soft_time_limit=290, time_limit=300)
def read_capacities() -> int:
    return recording.pull_capacities()


@shared_task(expires=3000, soft_time_limit=590, time_limit=600)
def send_monthly_reviews() -> int:
    return monthly.send_due()


@shared_task(expires=240, soft_time_limit=110, time_limit=120)
def look_again() -> int:
    reviewing.find_missed_gaps()
    return reviewing.look_again()

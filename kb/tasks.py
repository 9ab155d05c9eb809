"""Celery's errands. Each may run twice or be lost; the next one finds what is left to do."""

from celery import shared_task

from kb import notifications
from kb.postmortems.action_items import remind


@shared_task
def remind_owners() -> int:
    return remind()


@shared_task(expires=10)
def tell_channels() -> int:
    return notifications.work()

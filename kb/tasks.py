"""Celery tasks. Each may run twice or be lost; the next run finds what is left to do."""

from celery import shared_task

from kb import notifications, on_call
from kb.channels import syncing as channels
from kb.history_reading import reading
from kb.postmortems.action_items import remind_owners_of_due_items
from kb.publishing import copying
from kb.tracking import syncing


@shared_task
def remind_owners() -> int:
    return remind_owners_of_due_items()


@shared_task
def read_pagers() -> int:
    return on_call.read_pagers()


@shared_task
def tell_channels() -> int:
    return notifications.deliver_due()


@shared_task
def follow_channels() -> int:
    return channels.sync_due()


@shared_task
def follow_trackers() -> int:
    return syncing.sync_due()


@shared_task
def read_history() -> int:
    return reading.read_due()


@shared_task
def copy_postmortems() -> int:
    return copying.copy_due()

from celery import shared_task

from kb.actions import remind


@shared_task
def remind_owners() -> int:
    return remind()

"""The Celery application. It finds the tasks of every package."""

import logging
import os
from contextlib import ExitStack
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_failure,
    task_postrun,
    task_prerun,
    task_revoked,
    worker_init,
)
from django.conf import settings
from kombu.utils import symbol_by_name

from common.log_context import log_context, logging_about
from common.origin import Origin, acting
from config.gc_tuning import freeze_loaded_objects
from config.observability import task_counts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Application(Celery):
    @property
    def Beat(self) -> Any:
        return self.subclass_with_self(symbol_by_name("config.beat:LightBeat"))


app = Application("causebook")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_like_django(**_: Any) -> None:
    """Workers and beat log in the product's one format instead of Celery's own."""
    dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


@worker_init.connect
def share_loaded_objects(**_: Any) -> None:
    """The processes of the pool, forked afterwards, share the memory of what is loaded."""
    freeze_loaded_objects()


REQUEST_ID = "request_id"
"""A header of messages: which request a task was sent from."""


@before_task_publish.connect
def send_request_id(headers: dict[str, Any], **_: Any) -> None:
    if request_id := log_context().get(REQUEST_ID):
        headers[REQUEST_ID] = request_id


_contexts: dict[str, ExitStack] = {}


@task_prerun.connect
def begin_task(task_id: str, task: Any, **_: Any) -> None:
    """What a task changes is recorded as its doing, and its log lines say what they belong to."""
    stack = ExitStack()
    stack.enter_context(acting(Origin("task", actor_name=task.name)))
    request_id = getattr(task.request, REQUEST_ID, None)
    about = {"task": task.name, "task_id": task_id, REQUEST_ID: request_id}
    stack.enter_context(logging_about(**about))
    _contexts[task_id] = stack
    task_counts.begin(task_id)


@task_postrun.connect
def end_task(task_id: str, task: Any, state: str = "", **_: Any) -> None:
    task_counts.end(task_id, task.name, state)
    if stack := _contexts.pop(task_id, None):
        stack.close()


@task_failure.connect
def count_lost_task(task_id: str, sender: Any, **_: Any) -> None:
    """In the worker's main process: the process that ran the task was killed."""
    if task_id not in _contexts:
        task_counts.lost(sender.name)


@task_revoked.connect
def count_expired_task(sender: Any, expired: bool = False, **_: Any) -> None:
    if expired:
        task_counts.expired(sender.name)

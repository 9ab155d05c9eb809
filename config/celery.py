"""The Celery application. It finds the tasks of every package."""

import os
from contextlib import ExitStack
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from django.conf import settings

from common.origin import Origin, acting
from config.gc_tuning import freeze_loaded_objects

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Application(Celery):
    @property
    def Beat(self) -> Any:
        return self.subclass_with_self("config.beat:LightBeat")


app = Application("causebook")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_like_django(**_: Any) -> None:
    """Workers and beat log in the product's one format instead of Celery's own."""
    dictConfig(settings.LOGGING)


@worker_init.connect
def share_loaded_objects(**_: Any) -> None:
    """The processes of the pool, forked afterwards, share the memory of what is loaded."""
    freeze_loaded_objects()


_origins: dict[str, ExitStack] = {}


@task_prerun.connect
def begin_origin(task_id: str, task: Any, **_: Any) -> None:
    """What a task changes is recorded as its doing."""
    stack = ExitStack()
    stack.enter_context(acting(Origin("task", actor_name=task.name)))
    _origins[task_id] = stack


@task_postrun.connect
def end_origin(task_id: str, **_: Any) -> None:
    if stack := _origins.pop(task_id, None):
        stack.close()

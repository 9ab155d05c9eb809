"""Metrics of the running product for /metrics, besides those of incidents in `kb/api/metrics.py`.

Gauges are read from the database, Redis and the disk when somebody scrapes; counts are what all
processes of all hosts added up (`common/counting.py`). So any web server gives the same answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress

from amqp.exceptions import ChannelError
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from kombu.exceptions import OperationalError
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from analysis.evidence.circuit_breaker import MAX_FAILURES
from analysis.models import Source
from analysis.suggestions.live_index import index_file
from common import counting
from common.leased_jobs import LeasedJob
from common.viewer import Viewer
from config.observability.own_checks import problems
from config.version import VERSION
from incidents import scheduled_runs
from incidents.models import Event
from incidents.tasks import HEARTBEAT
from kb.api.metrics import age, gauge
from kb.models import NotificationDelivery

SIGNS_OF_LIFE = {"beat": HEARTBEAT, "worker": "worker"}


def product_metrics(_: Viewer) -> Iterator[Metric]:
    """For everybody with a token: nothing here is about a record."""
    found = problems()
    yield _labelled("build_info", "The version that answers.", "version", {VERSION: 1})
    yield _labelled(
        "check_ok", "1 where a check of the product's health finds nothing wrong, else 0.", "check",
        {name: float(not problem) for name, problem in found.items()},
    )  # fmt: skip
    yield from _signs_of_life()
    yield from _queues(redis_answers=not found.get("redis"))
    yield from _database()
    yield from _files()
    yield from _sources()
    yield from _counts()


def _labelled(name: str, description: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"causebook_{name}", description, labels=[label])
    for text, value in values.items():
        family.add_metric([text], value)
    return family


def _signs_of_life() -> Iterator[Metric]:
    ages = scheduled_runs.ages()
    yield _labelled(
        "silent_seconds", "Seconds since beat and the workers gave a sign of life.", "process",
        {
            process: abs(ages[name]) if name in ages else float("inf")
            for process, name in SIGNS_OF_LIFE.items()
        },
    )  # fmt: skip


def _queues(redis_answers: bool) -> Iterator[Metric]:
    events = Event.objects.filter(planned_at=None)
    yield gauge("events_waiting", "Events not matched with notification rules.", events.count())
    yield gauge("events_oldest_seconds", "Age of the oldest of them.", age(events, "at"))
    waiting = NotificationDelivery.objects.filter(state=LeasedJob.State.WAITING)
    yield gauge(
        "notifications_oldest_seconds", "How long the oldest notification is overdue.",
        age(waiting, "not_before"),
    )  # fmt: skip
    if redis_answers:
        with suppress(OperationalError, OSError):
            yield _labelled("queue_messages", "Messages for workers.", "queue", _messages())


def _messages() -> dict[str, float]:
    found: dict[str, float] = {}
    with current_app.connection_or_acquire() as broker:
        for queue in current_app.amqp.queues or [current_app.conf.task_default_queue]:
            try:
                declared = broker.default_channel.queue_declare(queue, passive=True)
                found[queue] = declared.message_count
            except ChannelError:
                found[queue] = 0
    return found


def _database() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() GROUP BY 1"
        )
        connections = {state: float(count) for state, count in cursor.fetchall()}
        cursor.execute(
            "SELECT current_setting('max_connections')::int, pg_database_size(current_database())"
        )
        most, size = cursor.fetchone()
    yield _labelled("database_connections", "Connections to the database.", "state", connections)
    yield gauge("database_connections_max", "How many the server accepts.", most)
    yield gauge("database_bytes", "Size of the database.", size)


def _files() -> Iterator[Metric]:
    with suppress(OSError):
        yield gauge("index_bytes", "Size of the index file.", index_file().stat().st_size)
    with suppress(OSError):
        disk = shutil.disk_usage(settings.DATA_DIR)
        yield gauge("disk_bytes", "Size of the disk of the data folder.", disk.total)
        yield gauge("disk_free_bytes", "What is free of it.", disk.free)


def _sources() -> Iterator[Metric]:
    failing = Q(failures__gte=MAX_FAILURES)
    states = Source.objects.filter(enabled=True).aggregate(
        answering=Count("pk", filter=~failing), failing=Count("pk", filter=failing)
    )
    yield _labelled("sources", "Enabled sources of evidence.", "state", states)


def _counts() -> Iterator[Metric]:
    counted = counting.read()
    for name, declared in counting.DECLARED.items():
        series = counted.get(name, {})
        full_name = f"causebook_{name}"
        if declared.buckets:
            histogram = HistogramMetricFamily(
                full_name, declared.description, labels=declared.labels
            )
            for labels, parts in series.items():
                histogram.add_metric(
                    labels,
                    counting.cumulative(parts, declared.buckets),
                    parts.get(counting.SUM, 0.0),
                )
            yield histogram
        else:
            counter = CounterMetricFamily(full_name, declared.description, labels=declared.labels)
            for labels, parts in series.items():
                counter.add_metric(labels, parts.get("", 0.0))
            yield counter

"""Takes records in and reads them: load tests run to run, and how long until things are full."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from analysis.sources.base import SourceError
from incidents.models import Change, Service
from practice.asking import prometheus_of
from practice.changepoints import Shift, shift
from practice.headroom import Trend, trend
from practice.load_tests import registry
from practice.load_tests.base import BadFile, Figures
from practice.models import Capacity, LoadTest

logger = logging.getLogger(__name__)

MOST_BYTES = 20 * 1024 * 1024
SHOWN = 30
HISTORY = timedelta(days=30)
EVERY = timedelta(hours=6)
HOUR = 3600
DEADLINE = 10.0
FIGURES = {"p50": "median", "p95": "95th percentile", "p99": "99th percentile",
           "rate": "requests a second", "errors": "errors"}  # fmt: skip
BETTER_LOW = {"p50", "p95", "p99", "errors"}


@dataclass(frozen=True)
class Moved:
    """A figure that differs from the runs before by more than chance."""

    name: str
    shift: Shift
    worse: bool

    @property
    def in_words(self) -> str:
        by = "from none" if self.shift.share == float("inf") else f"by {abs(self.shift.share):.0%}"
        way = "up" if self.shift.value > self.shift.usual else "down"
        return f"{FIGURES[self.name]} {way} {by}"


@dataclass(frozen=True)
class Run:
    test: LoadTest
    moved: list[Moved]

    @property
    def worse(self) -> list[Moved]:
        return [each for each in self.moved if each.worse]


@transaction.atomic
def take_load_test(
    service: Service, tool: str, content: str, *, release: str = "", scenario: str = "default",
    at: datetime | None = None, url: str = "",
) -> tuple[Run, bool]:  # fmt: skip
    """Keep the summary of a load test; the run with what moved, and whether it was news.

    It stands among the changes of the service, so that an incident shortly after shows it. Raises
    ValidationError by field.
    """
    reader = registry().get(tool)
    if reader is None:
        raise ValidationError({"tool": f"Choose one of {', '.join(registry())}."})
    if len(content.encode("utf-8", "replace")) > MOST_BYTES:
        raise ValidationError({"content": f"At most {MOST_BYTES // 1024**2} MB."})
    try:
        figures: Figures = reader().read(content.replace("\x00", ""))
    except BadFile as error:
        raise ValidationError({"content": str(error)}) from error
    told = f"{tool}\n{release}\n{scenario}\n{content}".encode("utf-8", "replace")
    digest = hashlib.sha256(told).hexdigest()
    test = LoadTest(
        service=service, tool=tool, release=release.strip(), scenario=scenario.strip() or "default",
        at=at or timezone.now(), url=url, digest=digest, **vars(figures),
    )  # fmt: skip
    Service.objects.select_for_update().get(pk=service.pk)
    known = service.load_tests.filter(digest=digest).first()
    if known is not None:
        return run_of(known), False
    test.full_clean()
    test.save()
    run = run_of(test)
    Change.objects.create(
        service=service, kind=Change.Kind.LOAD_TEST, title=title_of(run)[:300],
        version=test.release, started_at=test.at, finished_at=test.at, url=url,
        external_source="load-test", external_id=str(test.pk),
    )  # fmt: skip
    return run, True


def title_of(run: Run) -> str:
    worse = ", ".join(each.in_words for each in run.worse)
    return f"Load test of {run.test.release or run.test.scenario}" + (f": {worse}" if worse else "")


def run_of(test: LoadTest) -> Run:
    """A run beside those of its scenario before it."""
    before = list(
        LoadTest.objects.filter(service=test.service, scenario=test.scenario, at__lt=test.at)
        .exclude(pk=test.pk)
        .order_by("-at")[:SHOWN]
    )
    return _compared(test, before[::-1])


def runs_of(service: Service) -> list[Run]:
    """The latest runs, newest first, each beside those of its scenario before it."""
    tests = list(service.load_tests.order_by("at", "pk"))[-2 * SHOWN :]
    found = [
        _compared(test, [other for other in tests[:place] if other.scenario == test.scenario])
        for place, test in enumerate(tests)
    ]
    return found[::-1][:SHOWN]


def _compared(test: LoadTest, before: list[LoadTest]) -> Run:
    moved = []
    for name in FIGURES:
        value = getattr(test, name)
        past = [figure for each in before if (figure := getattr(each, name)) is not None]
        found = shift(past, value) if value is not None else None
        if found:
            moved.append(Moved(name, found, (found.value > found.usual) == (name in BETTER_LOW)))
    return Run(test, moved)


def trend_of(capacity: Capacity) -> Trend | None:
    return trend(capacity.times, capacity.values, capacity.limit)


def suggested_capacities(service: Service) -> list[Capacity]:
    """What is worth watching for such a service, of what is not watched yet; not saved."""
    wanted = {
        "postgresql": ["disk", "connections"], "node": ["disk", "memory"], "cache": ["memory"],
    }.get(service.kind, ["memory"])  # fmt: skip
    known = set(service.capacities.values_list("what", flat=True))
    label = f'service="{service.name}"'
    queries = {
        "disk": "max(1 - node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes{%s})",
        "connections": "sum(pg_stat_activity_count{%s}) / max(pg_settings_max_connections{%s})",
        "memory": "sum(container_memory_working_set_bytes{%s}) "
        "/ sum(container_spec_memory_limit_bytes{%s})",
    }
    return [
        Capacity(service=service, what=what, query=queries[what].replace("%s", label))
        for what in wanted
        if what not in known
    ]


def pull_capacities(now: datetime | None = None) -> int:
    """Read how full things are, of those not read for some hours; how many were read."""
    now = now or timezone.now()
    due = Capacity.objects.exclude(pulled_at__gt=now - EVERY).select_related("source")
    return sum(pull_capacity(capacity, now) for capacity in due.order_by("pulled_at", "pk"))


def pull_capacity(capacity: Capacity, now: datetime | None = None) -> bool:
    """Read 30 days, hour by hour. Trouble stands with the record; what was read before stays."""
    now = now or timezone.now()
    end = now.timestamp() // HOUR * HOUR
    found: dict[str, Any] = {"pulled_at": now, "problem": ""}
    try:
        plugin = prometheus_of(capacity.source)
        if plugin is None:
            raise SourceError("no-source", "No Prometheus is set up as a source.")
        series = plugin.points(capacity.query, end - HISTORY.total_seconds(), end, HOUR, DEADLINE)
        if not series or not series[0].times:
            raise SourceError("empty", "No series matched the query.")
        found |= {"times": series[0].times, "values": series[0].values}
    except SourceError as error:
        logger.warning("Reading capacity %s: %s", capacity.pk, error)
        found["problem"] = str(error)[:500]
    Capacity.objects.filter(pk=capacity.pk).update(**found)
    capacity.refresh_from_db()
    return not capacity.problem

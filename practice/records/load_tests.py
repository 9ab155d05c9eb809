"""Load tests: import and compare runs."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from incidents.models import Change, Service
from practice.core.changepoints import Shift, shift
from practice.load_tests import registry
from practice.load_tests.base import BadFile, Figures
from practice.models import LoadTest

logger = logging.getLogger(__name__)
MOST_BYTES = 20 * 1024 * 1024
SHOWN = 30
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

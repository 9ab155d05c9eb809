"""Load tests: import a summary, and compare runs of one scenario."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from incidents.models import Change, Service
from practice.code_hosts.base import repository_name
from practice.core.changepoints import Shift, shift, usual_value
from practice.load_tests import registry
from practice.load_tests.base import BadFile, LoadTestSummary
from practice.models import LoadTest
from practice.records.code_hosts import publish_later

MOST_BYTES = 20 * 1024 * 1024
MOST_RUNS = 30
METRICS = {
    "p50": _("median"),
    "p95": _("95th percentile"),
    "p99": _("99th percentile"),
    "rate": _("requests a second"),
    "errors": pgettext_lazy("figure", "errors"),
}
LOWER_IS_BETTER = {"p50", "p95", "p99", "errors"}


@dataclass(frozen=True)
class MetricShift:
    """A metric of a run that differs from the runs before it by more than chance."""

    name: str
    shift: Shift
    worse: bool

    @property
    def in_words(self) -> str:
        if self.shift.share == float("inf"):
            return gettext("%(metric)s up from none") % {"metric": METRICS[self.name]}
        rises = self.shift.value > self.shift.usual
        moved = (
            gettext("%(metric)s up by %(share)s")
            if rises
            else gettext("%(metric)s down by %(share)s")
        )
        return moved % {"metric": METRICS[self.name], "share": f"{abs(self.shift.share):.0%}"}


@dataclass(frozen=True)
class ComparedRun:
    """A run with what shifted against the runs of its scenario before it."""

    test: LoadTest
    moved: list[MetricShift]
    usual: dict[str, float]
    """of the runs that it is compared with, by metric; without those that they do not have"""

    @property
    def worse(self) -> list[MetricShift]:
        return [each for each in self.moved if each.worse]


@transaction.atomic
def import_load_test(
    service: Service,
    tool: str,
    content: str,
    *,
    release: str = "",
    scenario: str = "default",
    at: datetime | None = None,
    url: str = "",
    repository: str = "",
    commit: str = "",
) -> tuple[ComparedRun, bool]:
    """Store the summary of a load test; the compared run, and whether it was new.

    It is also added as a change of the service, so that an incident soon afterwards lists it. With
    a repository, by name or clone address, and a commit it is published where that repository is,
    if an administrator set that up. Raises ValidationError by field.
    """
    reader = registry().get(tool)
    if reader is None:
        raise ValidationError({"tool": f"Choose one of {', '.join(registry())}."})
    if len(content.encode("utf-8", "replace")) > MOST_BYTES:
        too_large = ValidationError(
            _("At most %(most)s MB."), params={"most": MOST_BYTES // 1024**2}
        )
        raise ValidationError({"content": too_large})
    try:
        summary: LoadTestSummary = reader().read(content.replace("\x00", ""))
    except BadFile as error:
        raise ValidationError({"content": str(error)}) from error
    repository, commit = _place_of(repository, commit)
    identity = f"{tool}\n{release}\n{scenario}\n{content}"
    if commit:
        identity += f"\n{repository}\n{commit}"
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
    test = LoadTest(
        service=service,
        tool=tool,
        release=release.strip(),
        scenario=scenario.strip() or "default",
        at=at or timezone.now(),
        url=url,
        repository=repository,
        commit=commit,
        digest=digest,
        **vars(summary),
    )
    Service.objects.select_for_update().get(pk=service.pk)
    known = service.load_tests.filter(digest=digest).first()
    if known is not None:
        return compared_run(known), False
    test.full_clean()
    test.save()
    run = compared_run(test)
    Change.objects.create(
        service=service,
        kind=Change.Kind.LOAD_TEST,
        title=run_title(run)[:300],
        version=test.release,
        started_at=test.at,
        finished_at=test.at,
        url=url,
        external_source="load-test",
        external_id=str(test.pk),
    )
    publish_later(test)
    return run, True


def _place_of(repository: str, commit: str) -> tuple[str, str]:
    """Both as they are stored. Raises ValidationError by field."""
    commit = commit.strip().lower()
    if not repository.strip():
        if commit:
            raise ValidationError({"repository": _("Name the repository of this commit, too.")})
        return "", ""
    if not commit:
        raise ValidationError({"commit": _("Name the commit of this repository, too.")})
    try:
        return repository_name(repository), commit
    except ValueError as error:
        raise ValidationError({"repository": str(error)}) from error


def run_title(run: ComparedRun) -> str:
    worse = ", ".join(each.in_words for each in run.worse)
    of = run.test.release or run.test.scenario
    if worse:
        return gettext("Load test of %(release)s: %(worse)s") % {"release": of, "worse": worse}
    return gettext("Load test of %(release)s") % {"release": of}


def compared_run(test: LoadTest) -> ComparedRun:
    """A run compared with those of its scenario before it."""
    before = list(
        LoadTest.objects.filter(service=test.service, scenario=test.scenario, at__lt=test.at)
        .exclude(pk=test.pk)
        .order_by("-at")[:MOST_RUNS]
    )
    return _compare(test, before[::-1])


def compared_runs(service: Service) -> list[ComparedRun]:
    """The latest runs, newest first, each compared with those of its scenario before it."""
    tests = list(service.load_tests.order_by("at", "pk"))[-2 * MOST_RUNS :]
    runs = [
        _compare(test, [other for other in tests[:index] if other.scenario == test.scenario])
        for index, test in enumerate(tests)
    ]
    return runs[::-1][:MOST_RUNS]


def _compare(test: LoadTest, before: list[LoadTest]) -> ComparedRun:
    moved, usual = [], {}
    for name in METRICS:
        value = getattr(test, name)
        past = [former for each in before if (former := getattr(each, name)) is not None]
        if (middle := usual_value(past)) is not None:
            usual[name] = middle
        change = shift(past, value) if value is not None else None
        if change:
            worse = (change.value > change.usual) == (name in LOWER_IS_BETTER)
            moved.append(MetricShift(name, change, worse))
    return ComparedRun(test, moved, usual)

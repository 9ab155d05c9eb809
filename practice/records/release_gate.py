"""Whether a release may go out: what a pipeline is answered, and what its commit shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext

from incidents.models import Service
from practice.models import LoadTest
from practice.records.load_tests import ComparedRun, compared_run
from practice.slos.status import status_of

MOST_SCENARIOS = 20


@dataclass(frozen=True)
class Reason:
    """Why a release may not go out; `path` leads to the figures."""

    what: Literal["budget", "load-test"]
    text: str
    path: str


@dataclass(frozen=True)
class Gate:
    runs: Sequence[ComparedRun]
    reasons: Sequence[Reason]

    @property
    def may_release(self) -> bool:
        return not self.reasons

    @property
    def in_words(self) -> str:
        """One sentence or two."""
        if self.reasons:
            return " ".join(reason.text for reason in self.reasons)
        if not self.runs:
            return gettext("The error budget is not spent.")
        if all(not run.usual for run in self.runs):
            return gettext(
                "The first run of its scenario: there is nothing to compare it with yet."
            )
        better = [each.in_words for run in self.runs for each in run.moved]
        if not better:
            return gettext("As usual.")
        return gettext("Better than usual: %(figures)s.") % {"figures": ", ".join(better)}


def gate_of_run(run: ComparedRun, now: datetime | None = None) -> Gate:
    """The answer for one load test alone: that is what its commit shows."""
    return _gate(run.test.service, [run], now)


def gate_of(
    service: Service, *, commit: str = "", release: str = "", now: datetime | None = None
) -> Gate:
    """The answer for a commit or release: of the newest run of each scenario.

    Without either, of the newest runs of all.
    """
    tests = LoadTest.objects.filter(service=service).select_related("service")
    if commit:
        tests = tests.filter(commit=commit.strip().lower())
    if release:
        tests = tests.filter(release=release.strip())
    newest = tests.order_by("scenario", "-at", "-pk").distinct("scenario")[:MOST_SCENARIOS]
    return _gate(service, [compared_run(test) for test in newest], now)


def _gate(service: Service, runs: Sequence[ComparedRun], now: datetime | None) -> Gate:
    now = now or timezone.now()
    reasons = [
        Reason("load-test", _slower(run, several=len(runs) > 1), run.test.get_absolute_url())
        for run in runs
        if run.worse
    ]
    return Gate(runs, [*reasons, *spent_budgets(service, now)])


def spent_budgets(service: Service, now: datetime) -> list[Reason]:
    """A reason for each objective whose error budget is spent."""
    spent = gettext("The error budget of %(objective)s is spent.")
    return [
        Reason("budget", spent % {"objective": slo.name}, slo.get_absolute_url())
        for slo in service.slos.filter(enabled=True).select_related("service")
        if not status_of(slo, now).may_release
    ]


def _slower(run: ComparedRun, *, several: bool) -> str:
    sentence = gettext("Worse than usual: %(figures)s.")
    if several:
        sentence = gettext("Worse than usual (%(scenario)s): %(figures)s.")
    figures = ", ".join(each.in_words for each in run.worse)
    return sentence % {"scenario": run.test.scenario, "figures": figures}

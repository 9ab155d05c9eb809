"""Publishes load tests beside their commits: the verdict of the release gate, with the figures.

Each run works out what there is to say and sends it under the same key, so a run too many changes
nothing. An older run never replaces what a newer one of the same commit has shown.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst

from common.counting import Counts
from common.leased_jobs import claim_due, claimable, finish, outcome_of, retry_later
from common.redaction import redact
from common.site_url import address_of
from kb.remote_connections import note_failure
from practice.code_hosts.base import CommitResult, Figure, RemoteError, Unit, names_repository
from practice.models import CodeHost, LoadTest, Publication
from practice.records.code_hosts import forget_failures, plugin_of
from practice.records.load_tests import METRICS, ComparedRun, compared_run
from practice.records.release_gate import Gate, gate_of_run, spent_budgets

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
BATCH = 200
FOLLOWED = timedelta(days=7)
"""So long a commit shows it when the answer of the gate changes."""
UNITS: dict[str, Unit] = {
    "p50": "ms", "p95": "ms", "p99": "ms", "rate": "per-second", "errors": "share",
}  # fmt: skip
SUPERSEDED = "A newer run of this commit is published in its place."
WITHDRAWN = "The settings of this code host no longer name its repository."
State = Publication.State
PUBLISHED = Counts("load_test_publications", "Load tests published, by code host and outcome.",
                   ["host", "outcome"])  # fmt: skip


def result_of(run: ComparedRun, gate: Gate) -> CommitResult:
    """What is published of a run: its figures, names and the verdict, nothing of any incident."""
    test = run.test
    identity = f"{test.service_id}\n{test.scenario}"
    name = f"Load test of {test.service}"
    if test.scenario != "default":
        name += f": {redact(test.scenario)}"
    return CommitResult(
        repository=test.repository,
        commit=test.commit,
        key=f"causebook-{hashlib.sha256(identity.encode()).hexdigest()[:24]}",
        name=name,
        passed=gate.may_release,
        summary=gate.in_words,
        link=address_of(test),
        figures=list(figures_of(run).values()),
    )


def figures_of(run: ComparedRun) -> dict[str, Figure]:
    """Its figures with the usual ones, by metric; without those that the tool did not report."""
    return {
        metric: Figure(capfirst(str(label)), value, UNITS[metric], run.usual.get(metric))
        for metric, label in METRICS.items()
        if (value := getattr(run.test, metric)) is not None
    }


def publish_due(seconds: float = 8.0) -> int:
    """Publish what is due; how many were. Safe to run twice at a time."""
    until, done = monotonic() + seconds, 0
    for pk in list(due_publications().values_list("pk", flat=True)[:BATCH]):
        if monotonic() > until:
            break
        done += publish(pk)
    return done


def due_publications() -> QuerySet[Publication]:
    rests = Q(host__resting_until__gt=timezone.now())
    return Publication.objects.filter(claimable(), ~rests, host__enabled=True).order_by(
        "not_before", "pk"
    )


def publish(pk: int) -> bool:
    """Claim one and publish it; False where it was not ours to do, or failed."""
    rows = Publication.objects.select_related("host", "test__service")
    job = claim_due(due_publications(), rows, pk, LEASE)
    if job is None:
        return False
    outcome = outcome_of(job, _publish, RemoteError, _fail, _settle)
    PUBLISHED.add(job.host.kind, outcome)
    return outcome == "done"


def _publish(job: Publication) -> str:
    if job.attempts > MAX_ATTEMPTS:
        _settle(job, "Workers died on it again and again; gave up.")
        return "error"
    if not names_repository(job.host.settings.get("repositories", ""), job.test.repository):
        _settle(job, WITHDRAWN)
        return "withdrawn"
    if newer_runs(job.test).exists():
        _settle(job, summary=SUPERSEDED)
        return "superseded"
    run = compared_run(job.test)
    gate = gate_of_run(run)
    plugin_of(job.host).publish(result_of(run, gate))
    _settle(job, passed=gate.may_release, summary=gate.in_words)
    if job.host.trouble or job.host.last_refusal:
        forget_failures(job.host)
    return "done"


def newer_runs(test: LoadTest) -> QuerySet[LoadTest]:
    """Runs of the same scenario and commit that came later."""
    same = LoadTest.objects.filter(
        service=test.service_id, scenario=test.scenario, commit=test.commit
    )
    return same.filter(
        Q(at__gt=test.at) | Q(at=test.at, pk__gt=test.pk), repository=test.repository
    )


def follow_gates() -> int:
    """Have those published again whose gate answers otherwise by now; how many there are."""
    since = timezone.now() - FOLLOWED
    rows = Publication.objects.filter(state=State.DONE, test__at__gte=since).exclude(passed=None)
    shown = list(rows.select_related("test__service").order_by("-pk")[:BATCH])
    services = {row.test.service for row in shown}
    spent = {service.pk for service in services if spent_budgets(service, timezone.now())}
    changed = [row.pk for row in shown if _is_outdated(row, row.test.service_id in spent)]
    Publication.objects.filter(pk__in=changed, state=State.DONE).request()
    return len(changed)


def _is_outdated(row: Publication, spent: bool) -> bool:
    # Only a budget changes by itself: a run that was worse once remains so.
    changed = spent if row.passed else not spent and not compared_run(row.test).worse
    return changed and not newer_runs(row.test).exists()


@transaction.atomic
def _settle(
    job: Publication, error: str = "", *, passed: bool | None = None, summary: str = ""
) -> None:
    row = finish(job, error)
    if row is None:
        return
    if not error:
        row.passed, row.summary = passed, summary[:1000]
    row.refresh_from_db(fields=["requests"])
    if row.requests != job.requests:
        row.requeue()
    row.save()


def _fail(job: Publication, error: RemoteError) -> str:
    note_failure(CodeHost.objects.filter(pk=job.host_id), error, error.in_full[:1000])
    if error.passing and job.attempts < MAX_ATTEMPTS:
        retry_later(job, str(error), timedelta(seconds=error.wait))
        return "retried"
    _settle(job, str(error))
    return "failed"

"""Pull one planned item of evidence: claim, query the source, store the outcome."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Case, When
from django.utils import timezone

from analysis.evidence import circuit_breaker
from analysis.evidence.baseline import with_earlier_days
from analysis.evidence.extending import extended, window_to_pull
from analysis.evidence.findings import read_findings
from analysis.evidence.source_plugins import plugin_of
from analysis.models import Evidence, EvidenceRequest, Finding, Fingerprint, Source
from analysis.sources.base import (
    SourceAnswer,
    SourceError,
    SourceQuery,
    Window,
)
from common import leased_jobs
from common.counting import Durations
from common.leased_jobs import claimable
from common.log_context import logging_about
from incidents.models import Incident
from incidents.since_opening import SinceOpening

logger = logging.getLogger(__name__)
DEADLINE = 15.0
"""Seconds one pull may take."""
LEASE = timedelta(seconds=30)
"""How long a claim holds; longer than a pull may take, so that only dead workers lose it."""
MAX_ATTEMPTS = 4
State = EvidenceRequest.State
PULLS = Durations(
    "pulls", "Queries to sources, by kind of source and outcome.",
    ["source", "outcome"], [0.1, 0.5, 1, 2.5, 5, 10, 15, 30],
)  # fmt: skip
FIRST_EVIDENCE = SinceOpening(
    "first_evidence", "Incidents with evidence, from their opening until the first was there."
)


def due_requests(limit: int, overdue: timedelta = timedelta(0)) -> list[int]:
    """Requests to enqueue: waiting and due, or claimed by a worker whose lease ran out.

    Those of incidents still open come first, of these what was never pulled yet. `overdue` leaves
    those out that became due more recently than that.
    """
    return list(
        EvidenceRequest.objects.filter(claimable(overdue))
        .order_by(
            Case(When(incident__status=Incident.Status.RESOLVED, then=1), default=0),
            Case(When(pulls=0, then=0), default=1),
            "not_before",
            "pk",
        )
        .values_list("pk", flat=True)[:limit]
    )


def claim(request_id: int) -> EvidenceRequest | None:
    """Claim a request; None if it is deleted, done, another worker's, or its source is busy."""
    rows = EvidenceRequest.objects.select_related("source", "service", "incident")
    with transaction.atomic():
        source = Source.objects.select_for_update(of=("self",)).filter(requests=request_id).first()
        if source is None:
            return None
        wait = circuit_breaker.wait_for(source)
        if wait:
            EvidenceRequest.objects.filter(claimable(), pk=request_id).update(
                state=State.WAITING, not_before=timezone.now() + wait
            )
            return None
        return leased_jobs.claim(rows, request_id, LEASE)


def pull(request_id: int) -> bool:
    """Claim one request, query its source, freeze the answer. False when it is not ours to do."""
    request = claim(request_id)
    if request is None:
        return False
    began = time.monotonic()
    with logging_about(incident_id=request.incident_id):
        outcome = _pull(request)
    PULLS.observe(time.monotonic() - began, request.source.kind, outcome)
    return True


def _pull(request: EvidenceRequest) -> str:
    """Query the source and store what it answered; the outcome in a word."""
    if request.attempts > MAX_ATTEMPTS:
        _settle(request, error="Workers died on this request again and again; gave up.")
        return "abandoned"
    open_circuit = circuit_breaker.open_reason(request.source)
    if open_circuit:
        _put_back_or_fail(request, open_circuit)
        return "paused"
    began = time.monotonic()
    try:
        source = plugin_of(request.source)
        kind = source.items_of(_query_of(request))
        window = window_to_pull(request, Evidence.objects.filter(request=request).first())
        answer = source.pull(_query_of(request), window, DEADLINE)
        if kind == "series" and answer.items:
            left = DEADLINE - (time.monotonic() - began)
            answer = with_earlier_days(source, _query_of(request), window, answer, left)
    except SourceError as error:
        circuit_breaker.record_refusal(request.source, error)
        if error.passing:
            circuit_breaker.record_failure(request.source, str(error))
            _put_back_or_fail(request, str(error))
            return "failed"
        _settle(request, error=str(error))
        return "refused"
    except SoftTimeLimitExceeded:
        error_text = f"Stopped: it took longer than {DEADLINE:.0f} s."
        circuit_breaker.record_failure(request.source, error_text)
        _settle(request, error=error_text)
        return "timeout"
    except Exception:
        # A plug-in's own error must end as a stated gap, not as a request that never ends.
        logger.exception("Pulling %s failed", request)
        _settle(request, error="The plug-in failed unexpectedly; the worker's log has the details.")
        return "error"
    took = int((time.monotonic() - began) * 1000)
    circuit_breaker.record_success(request.source)
    _settle(request, answer=answer, window=window, items_kind=kind, took_ms=took)
    return "answered"


def _put_back_or_fail(request: EvidenceRequest, error: str) -> None:
    if request.attempts < MAX_ATTEMPTS:
        leased_jobs.retry_later(request, error)
    else:
        _settle(request, error=error)


def _query_of(request: EvidenceRequest) -> SourceQuery:
    return SourceQuery(request.what, request.query, request.unit, request.labels)


@transaction.atomic
def _settle(
    request: EvidenceRequest,
    *,
    error: str = "",
    answer: SourceAnswer | None = None,
    window: Window | None = None,
    items_kind: str = "series",
    took_ms: int = 0,
) -> None:
    """Write the outcome once, together with its evidence and findings."""
    current = leased_jobs.finish(request, error)
    if current is None:
        return
    current.pulls += 1
    if answer is None or window is None:
        current.save()
        return
    current.pulled_bytes += len(json.dumps([item.as_item() for item in answer.items]))
    current.save()
    stored = Evidence.objects.filter(request=current).first()
    items, gaps = extended(stored, answer, window)
    # The row stays the same when it is extended: people have cited its address.
    evidence = stored or Evidence(request=current, incident=request.incident, kind=items_kind)
    evidence.service = request.service
    evidence.what, evidence.unit = request.what, request.unit
    evidence.source_name, evidence.source_url = request.source.name, answer.link
    evidence.query, evidence.gaps = request.query, gaps
    evidence.window_start, evidence.window_end = request.window_start, request.window_end
    evidence.taken_at, evidence.took_ms = timezone.now(), took_ms
    evidence.freeze(items)
    evidence.save()
    # Findings say when, counted from the impact as it is known now.
    evidence.incident = request.incident
    renew_findings(evidence)
    refresh_fingerprint(request.incident)
    # The fingerprint is locked now: of two that end at once the later one sees the other.
    others = Evidence.objects.filter(incident=request.incident).exclude(pk=evidence.pk)
    if stored is None and not others.exists():
        FIRST_EVIDENCE.observe_at(request.incident, evidence.taken_at)


_OF_METRICS = (
    Finding.Kind.LEFT_NORMAL,
    Finding.Kind.CROSSED,
    Finding.Kind.TROUBLE,
    Finding.Kind.SLOWER,
    Finding.Kind.FAILING,
)


def renew_findings(evidence: Evidence) -> None:
    """Read the findings of evidence again; what was found before keeps the time of its finding."""
    known = {(each.kind, each.term): each.found_at for each in evidence.findings.all()}
    evidence.findings.all().delete()
    findings = read_findings(evidence)
    for finding in findings:
        finding.found_at = known.get((finding.kind, finding.term), finding.found_at)
    Finding.objects.bulk_create(findings)


def refresh_fingerprint(incident: Incident) -> None:
    """Collect what the findings say into the terms that the similarity index knows."""
    fingerprint, _ = Fingerprint.objects.get_or_create(incident=incident)
    fingerprint = Fingerprint.objects.select_for_update().get(pk=fingerprint.pk)
    templates: dict[str, str] = {}
    metrics: dict[str, str] = {}
    for finding in incident.findings.order_by("-score")[:60]:
        if finding.kind in _OF_METRICS:
            metrics.setdefault(finding.term, finding.term)
        else:
            templates.setdefault(finding.term, finding.data["template"])
    if (templates, metrics) != (fingerprint.templates, fingerprint.metrics):
        fingerprint.templates, fingerprint.metrics = templates, metrics
        # Other causes may be likely now: theirs are the checks to run.
        fingerprint.checked_at = None
        fingerprint.save()

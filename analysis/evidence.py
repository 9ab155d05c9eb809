"""Plans what to pull for an incident and pulls it: see incidents.errands for how work is shared."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, When
from django.utils import timezone

from analysis import pacing
from analysis.earlier import with_earlier_days
from analysis.findings import read_findings
from analysis.models import Collector, Evidence, EvidenceRequest, Finding, Fingerprint, Source
from analysis.sources import registry
from analysis.sources.base import (
    Answer,
    Query,
    SourceError,
    SourcePlugin,
    Target,
    Window,
    fill,
)
from common import leased_jobs
from common.leased_jobs import PENDING, workable
from incidents.models import Incident, Service

logger = logging.getLogger(__name__)

BEFORE = timedelta(hours=3)
AFTER = timedelta(minutes=45)
DEADLINE = 15.0
"""Seconds one pull may take."""
LEASE = timedelta(seconds=30)
"""How long a claim holds; longer than a pull may take, so that only the dead lose it."""
ATTEMPTS = 4
OLDEST = timedelta(days=60)
"""Resolved incidents older than this are history: their sources have forgotten them."""

State = EvidenceRequest.State


def plugin_of(source: Source) -> SourcePlugin:
    """The plug-in of a source with its settings. Raises SourceError when it cannot be made."""
    plugin = registry().get(source.kind)
    if plugin is None:
        raise SourceError("unknown-kind", f"No plug-in named {source.kind!r} is installed.")
    try:
        return plugin({**source.settings, **source.secrets})
    except (ValueError, KeyError) as error:
        raise SourceError("bad-settings", f"The settings of {source.name}: {error}") from error


def window_of(incident: Incident) -> Window:
    """Hours before impact to learn what is normal, and what happened until shortly after."""
    end = min(timezone.now(), (incident.resolved_at or timezone.now()) + timedelta(minutes=10))
    end = max(end, incident.impact_started_at + timedelta(minutes=1))
    return Window(incident.impact_started_at - BEFORE, min(end, incident.impact_started_at + AFTER))


def services_to_pull(incident: Incident) -> list[Service]:
    """The incident's services and what they depend on."""
    services = list(incident.services.all())
    neighbours = Service.objects.filter(needed_by__in=services).exclude(
        pk__in=[service.pk for service in services]
    )
    return services + list(neighbours.distinct()[:6])


def plan_evidence(incident: Incident) -> list[int]:
    """Write the incident's requests and return their ids; planning twice adds nothing."""
    old = timezone.now() - OLDEST
    if incident.resolved_at and incident.resolved_at < old:
        return []
    window = window_of(incident)
    rows = []
    for source in Source.objects.filter(enabled=True):
        try:
            plugin = plugin_of(source)
            rows += [
                EvidenceRequest(
                    incident=incident,
                    source=source,
                    service=service,
                    what=query.what,
                    query=query.text,
                    unit=query.unit,
                    window_start=window.start,
                    window_end=window.end,
                )
                for service in services_to_pull(incident)
                for query in plugin.queries(Target(service.name, service.kind))
            ]
        except SourceError as error:
            logger.warning("No evidence from %s for %s: %s", source, incident.reference, error)
    rows += [_collected(incident, collector, window) for collector in collectors_of(incident)]
    with transaction.atomic():
        Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        Fingerprint.objects.get_or_create(incident=incident)
        if not incident.evidence_requests.exists():
            EvidenceRequest.objects.bulk_create(rows, ignore_conflicts=True)
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


def collectors_of(incident: Incident) -> Iterable[Collector]:
    """What people saved to be pulled when an alert of this incident fires."""
    names = set(incident.alerts.values_list("name", flat=True))
    names.add(str(incident.labels.get("alertname", "")))
    return Collector.objects.filter(alert__in=names, source__enabled=True).select_related("source")


def _collected(incident: Incident, asked: Collector, window: Window) -> EvidenceRequest:
    """A request for one saved query; `$service` is the incident's first service."""
    service = incident.services.first()
    query, error = asked.query, ""
    if "$service" in query:
        try:
            query = fill(query, Target(service.name if service else "", ""))
        except SourceError:
            error = "The incident names no service to ask about."
    return EvidenceRequest(
        incident=incident,
        source=asked.source,
        service=service,
        what=asked.what,
        query=query,
        unit=asked.unit,
        window_start=window.start,
        window_end=window.end,
        state=State.FAILED if error else State.WAITING,
        error=error,
    )


def pull_also(
    incident: Incident, source: Source, what: str, query: str, unit: str = "", alert: str = ""
) -> list[int]:
    """Pull one more thing for an incident; with `alert`, whenever an alert of that name fires.

    Returns request ids to work on. Raises ValidationError by field name.
    """
    wanted = Collector(source=source, what=what, query=query, unit=unit, alert=alert or "-")
    wanted.full_clean(validate_unique=False, validate_constraints=False)
    with transaction.atomic():
        if alert:
            Collector.objects.update_or_create(
                alert=alert, source=source, what=what, defaults={"query": query, "unit": unit}
            )
        rows = [_collected(incident, wanted, window_of(incident))]
        EvidenceRequest.objects.bulk_create(rows, ignore_conflicts=True)
    waiting = incident.evidence_requests.filter(state=State.WAITING, source=source, what=what)
    return list(waiting.values_list("pk", flat=True))


@transaction.atomic
def pull_again(incident: Incident) -> list[int]:
    """Ask again for what failed, and for what happened since. Returns request ids to work on."""
    incident.evidence_requests.filter(state=State.FAILED).update(
        state=State.WAITING, attempts=0, error="", not_before=timezone.now(), finished_at=None
    )
    window = window_of(incident)
    done = incident.evidence_requests.filter(
        state=State.DONE, window_end__lt=window.end - timedelta(seconds=30)
    )
    # What is frozen stays; the longer window becomes the same request anew, then replaces it.
    for request in done.select_for_update():
        request.window_end = window.end
        request.ask_again()
        request.save()
    if not incident.evidence_requests.exists():
        return plan_evidence(incident)
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


def due_requests(limit: int, overdue: timedelta = timedelta(0)) -> list[int]:
    """Requests to enqueue: waiting and due, or claimed by somebody whose lease ran out.

    Those of incidents still open come first. `overdue` leaves those out that became due more
    recently than that.
    """
    return list(
        EvidenceRequest.objects.filter(workable(overdue))
        .order_by(
            Case(When(incident__status=Incident.Status.RESOLVED, then=1), default=0),
            "not_before",
            "pk",
        )
        .values_list("pk", flat=True)[:limit]
    )


def unplanned_incidents(limit: int = 100) -> Iterable[Incident]:
    """Open incidents filed lately whose planning was lost with its messenger."""
    now = timezone.now()
    return Incident.objects.filter(
        fingerprint=None,
        created_at__gte=now - timedelta(days=1),
        created_at__lt=now - timedelta(seconds=3),
    ).exclude(status=Incident.Status.RESOLVED)[:limit]


def unchecked_incidents(limit: int = 20) -> Iterable[Incident]:
    """Open incidents of late whose evidence is all in and whose causes' checks were not asked."""
    under_way = EvidenceRequest.objects.filter(incident=OuterRef("pk"), state__in=PENDING)
    return Incident.objects.filter(
        ~Exists(under_way),
        fingerprint__checked_at=None,
        fingerprint__planned_at__gte=timezone.now() - timedelta(days=1),
    ).exclude(status=Incident.Status.RESOLVED)[:limit]


def claim(request_id: int) -> EvidenceRequest | None:
    """Take a request, or None when it is gone, done, somebody else's, or its source is busy."""
    rows = EvidenceRequest.objects.select_related("source", "service", "incident")
    with transaction.atomic():
        source = Source.objects.select_for_update(of=("self",)).filter(requests=request_id).first()
        if source is None:
            return None
        wait = pacing.wait_for(source)
        if wait:
            EvidenceRequest.objects.filter(workable(), pk=request_id).update(
                state=State.WAITING, not_before=timezone.now() + wait
            )
            return None
        return leased_jobs.claim(rows, request_id, LEASE)


def pull(request_id: int) -> bool:
    """Claim one request, ask its source, freeze what came back. False when not ours to do."""
    request = claim(request_id)
    if request is None:
        return False
    if request.attempts > ATTEMPTS:
        _settle(request, error="Workers died on this request again and again; gave up.")
        return True
    resting = pacing.resting(request.source)
    if resting:
        _put_back_or_fail(request, resting)
        return True
    began = time.monotonic()
    try:
        source = plugin_of(request.source)
        window = Window(request.window_start, request.window_end)
        answer = source.pull(_query_of(request), window, DEADLINE)
        if source.items == "series" and answer.items:
            left = DEADLINE - (time.monotonic() - began)
            answer = with_earlier_days(source, _query_of(request), window, answer, left)
    except SourceError as error:
        if error.passing:
            pacing.went_wrong(request.source, str(error))
            _put_back_or_fail(request, str(error))
        else:
            _settle(request, error=str(error))
        return True
    except SoftTimeLimitExceeded:
        error_text = f"Stopped: it took longer than {DEADLINE:.0f} s."
        pacing.went_wrong(request.source, error_text)
        _settle(request, error=error_text)
        return True
    except Exception:
        # A plug-in's own mistake must end as a stated gap, not as a request that never ends.
        logger.exception("Pulling %s failed", request)
        _settle(request, error="The plug-in failed unexpectedly; the worker's log has the details.")
        return True
    took = int((time.monotonic() - began) * 1000)
    pacing.answered(request.source)
    _settle(request, answer=answer, items_kind=source.items, took_ms=took)
    return True


def _put_back_or_fail(request: EvidenceRequest, error: str) -> None:
    if request.attempts < ATTEMPTS:
        leased_jobs.put_back(request, error)
    else:
        _settle(request, error=error)


def _query_of(request: EvidenceRequest) -> Query:
    return Query(request.what, request.query, request.unit)


@transaction.atomic
def _settle(
    request: EvidenceRequest,
    *,
    error: str = "",
    answer: Answer | None = None,
    items_kind: str = "series",
    took_ms: int = 0,
) -> None:
    """Write the outcome once, together with its evidence and findings."""
    current = leased_jobs.settle(request, error)
    if current is None or answer is None:
        return
    Evidence.objects.filter(request=current).delete()
    evidence = Evidence(
        incident=request.incident,
        request=current,
        service=request.service,
        kind=items_kind,
        what=request.what,
        unit=request.unit,
        source_name=request.source.name,
        source_url=answer.link,
        query=request.query,
        window_start=request.window_start,
        window_end=request.window_end,
        gaps=answer.gaps,
        took_ms=took_ms,
    )
    evidence.freeze([item.as_item() for item in answer.items])
    evidence.save()
    Finding.objects.bulk_create(read_findings(evidence))
    refresh_fingerprint(request.incident)


def refresh_fingerprint(incident: Incident) -> None:
    """Collect what the findings say into the terms that the similarity index knows."""
    fingerprint, _ = Fingerprint.objects.get_or_create(incident=incident)
    fingerprint = Fingerprint.objects.select_for_update().get(pk=fingerprint.pk)
    templates: dict[str, str] = {}
    metrics: dict[str, str] = {}
    for finding in incident.findings.order_by("-score")[:60]:
        if finding.kind in (Finding.Kind.LEFT_NORMAL, Finding.Kind.TROUBLE):
            metrics.setdefault(finding.term, finding.term)
        else:
            templates.setdefault(finding.term, finding.data["template"])
    if (templates, metrics) != (fingerprint.templates, fingerprint.metrics):
        fingerprint.templates, fingerprint.metrics = templates, metrics
        fingerprint.save()

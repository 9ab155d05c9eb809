"""Plans what to pull for an incident and pulls it. The database is the truth, tasks only call.

A request is claimed with a lease. A worker that dies leaves an expired lease behind, and the next
sweep hands the request to another. Whoever no longer holds the claim when it is done writes
nothing, so that a request has one outcome however often it ran.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import Case, F, Q, When
from django.utils import timezone

from analysis.findings import read_findings
from analysis.models import Evidence, EvidenceRequest, Finding, Fingerprint, Source
from analysis.sources import registry
from analysis.sources.base import Answer, Query, SourceError, SourcePlugin, Target, Window
from incidents.models import Incident, Service

logger = logging.getLogger(__name__)

BEFORE = timedelta(hours=3)
AFTER = timedelta(minutes=45)
DEADLINE = 15.0
"""Seconds one pull may take."""
LEASE = timedelta(seconds=30)
"""How long a claim holds; longer than a pull may take, so that only the dead lose it."""
ATTEMPTS = 4
RETRY_AFTER = timedelta(seconds=5)
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
    with transaction.atomic():
        Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        Fingerprint.objects.get_or_create(incident=incident)
        if not incident.evidence_requests.exists():
            EvidenceRequest.objects.bulk_create(rows, ignore_conflicts=True)
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


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
        request.state, request.attempts, request.finished_at = State.WAITING, 0, None
        request.not_before = timezone.now()
        request.save()
    if not incident.evidence_requests.exists():
        return plan_evidence(incident)
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


def due_requests(limit: int, overdue: timedelta = timedelta(0)) -> list[int]:
    """Requests to enqueue: waiting and due, or claimed by somebody whose lease ran out.

    Those of incidents still open come first. `overdue` leaves those out that became due more
    recently than that.
    """
    now = timezone.now()
    return list(
        EvidenceRequest.objects.filter(
            Q(state=State.WAITING, not_before__lte=now - overdue)
            | Q(state=State.CLAIMED, lease_until__lt=now)
        )
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


def claim(request_id: int) -> EvidenceRequest | None:
    """Take a request, or None when it is gone, done or somebody else's."""
    now = timezone.now()
    token = uuid.uuid4().hex
    taken = (
        EvidenceRequest.objects.filter(pk=request_id)
        .filter(
            Q(state=State.WAITING, not_before__lte=now)
            | Q(state=State.CLAIMED, lease_until__lt=now)
        )
        .update(
            state=State.CLAIMED,
            claimed_by=token,
            lease_until=now + LEASE,
            attempts=F("attempts") + 1,
        )
    )
    if not taken:
        return None
    return EvidenceRequest.objects.select_related("source", "service", "incident").get(
        pk=request_id
    )


def pull(request_id: int) -> bool:
    """Claim one request, ask its source, freeze what came back. False when not ours to do."""
    request = claim(request_id)
    if request is None:
        return False
    if request.attempts > ATTEMPTS:
        _settle(request, error="Workers died on this request again and again; gave up.")
        return True
    began = time.monotonic()
    try:
        source = plugin_of(request.source)
        answer = source.pull(
            _query_of(request), Window(request.window_start, request.window_end), DEADLINE
        )
    except SourceError as error:
        if error.passing and request.attempts < ATTEMPTS:
            _put_back(request, str(error))
        else:
            _settle(request, error=str(error))
        return True
    except SoftTimeLimitExceeded:
        _settle(request, error=f"Stopped: it took longer than {DEADLINE:.0f} s.")
        return True
    except Exception:
        # A plug-in's own mistake must end as a stated gap, not as a request that never ends.
        logger.exception("Pulling %s failed", request)
        _settle(request, error="The plug-in failed unexpectedly; the worker's log has the details.")
        return True
    took = int((time.monotonic() - began) * 1000)
    _settle(request, answer=answer, items_kind=source.items, took_ms=took)
    return True


def _query_of(request: EvidenceRequest) -> Query:
    return Query(request.what, request.query, request.unit)


def _put_back(request: EvidenceRequest, error: str) -> None:
    wait = RETRY_AFTER * 2 ** (request.attempts - 1)
    EvidenceRequest.objects.filter(pk=request.pk, claimed_by=request.claimed_by).update(
        state=State.WAITING, not_before=timezone.now() + wait, error=error, lease_until=None
    )


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
    try:
        current = EvidenceRequest.objects.select_for_update().get(
            pk=request.pk, claimed_by=request.claimed_by, state=State.CLAIMED
        )
    except ObjectDoesNotExist:
        return
    current.state = State.FAILED if answer is None else State.DONE
    current.error = error
    current.lease_until = None
    current.finished_at = timezone.now()
    current.save()
    if answer is None:
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
        if finding.kind == Finding.Kind.LEFT_NORMAL:
            metrics.setdefault(finding.term, finding.term)
        else:
            templates.setdefault(finding.term, finding.data["template"])
    if (templates, metrics) != (fingerprint.templates, fingerprint.metrics):
        fingerprint.templates, fingerprint.metrics = templates, metrics
        fingerprint.save()

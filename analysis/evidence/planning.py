"""Which evidence to pull for an incident: window, services, sources."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from analysis.evidence.alert_evidence import alert_requests, distinct, request_for
from analysis.evidence.pulling import State, logger
from analysis.evidence.reach import services_to_pull
from analysis.evidence.source_plugins import plugin_of, target_of
from analysis.models import Collector, EvidenceRequest, Fingerprint, Source
from analysis.permissions import MANAGE_SOURCES
from analysis.sources.base import (
    SourceError,
    Target,
    Window,
    fill,
)
from common.leased_jobs import PENDING
from common.viewer import Viewer
from incidents import filing
from incidents.models import Incident
from people.permissions import require

BEFORE = timedelta(hours=3)
AFTER = timedelta(minutes=45)
MAX_AGE = timedelta(days=60)
"""Incidents resolved longer ago are history: their sources no longer have the data."""


def window_of(incident: Incident) -> Window:
    """Hours before impact to learn what is normal, and the time until shortly after it."""
    end = min(timezone.now(), (incident.resolved_at or timezone.now()) + timedelta(minutes=10))
    end = max(end, incident.impact_started_at + timedelta(minutes=1))
    return Window(incident.impact_started_at - BEFORE, min(end, incident.impact_started_at + AFTER))


def plan_evidence(incident: Incident) -> list[int]:
    """Write the requests that are missing and return the ids of all that wait.

    Planning twice adds nothing; a service or alert that joined in between adds its own.
    """
    old = timezone.now() - MAX_AGE
    if incident.resolved_at and incident.resolved_at < old:
        return []
    rows = wanted_requests(incident)
    with transaction.atomic():
        filing.locked(incident)
        Fingerprint.objects.get_or_create(incident=incident)
        every = distinct([*incident.evidence_requests.all(), *rows])
        missing = [row for row in every if row.pk is None]
        EvidenceRequest.objects.bulk_create(missing, ignore_conflicts=True)
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


def wanted_requests(incident: Incident) -> list[EvidenceRequest]:
    """Unsaved requests for all that should be pulled for an incident as it is now."""
    window = window_of(incident)
    sources = list(Source.objects.filter(enabled=True))
    services = services_to_pull(incident)
    rows = alert_requests(incident, sources, window)
    for source in sources:
        try:
            plugin = plugin_of(source)
            rows += [
                request_for(incident, source, service, query, window)
                for service in services
                for query in plugin.queries(target_of(service))
            ]
        except SourceError as error:
            logger.warning("No evidence from %s for %s: %s", source, incident.reference, error)
    return rows + [
        _collector_request(incident, collector, window) for collector in collectors_of(incident)
    ]


def collectors_of(incident: Incident) -> Iterable[Collector]:
    """Queries that people saved to be pulled when an alert of this incident fires."""
    names = set(incident.alerts.values_list("name", flat=True))
    names.add(str(incident.labels.get("alertname", "")))
    return Collector.objects.filter(alert__in=names, source__enabled=True).select_related("source")


def _collector_request(incident: Incident, collector: Collector, window: Window) -> EvidenceRequest:
    """A request for one saved query; `$service` is the incident's first service."""
    service = incident.services.first()
    query, error = collector.query, ""
    if "$service" in query:
        try:
            query = fill(query, Target(service.name if service else "", ""))
        except SourceError:
            error = "The incident names no service to query."
    return EvidenceRequest(
        incident=incident,
        source=collector.source,
        service=service,
        what=collector.what,
        query=query,
        unit=collector.unit,
        window_start=window.start,
        window_end=window.end,
        state=State.FAILED if error else State.WAITING,
        error=error,
    )


def pull_also(
    incident: Incident,
    source: Source,
    author: Viewer,
    what: str,
    query: str,
    unit: str = "",
    alert: str = "",
) -> list[int]:
    """Pull one more thing for an incident; with `alert`, whenever an alert of that name fires.

    Returns request ids to work on. Raises ValidationError by field name, and PermissionDenied for
    a query that from then on would run by itself, if `author` does not manage sources.
    """
    if alert:
        require(author, MANAGE_SOURCES)
    wanted = Collector(source=source, what=what, query=query, unit=unit, alert=alert or "-")
    wanted.full_clean(validate_unique=False, validate_constraints=False)
    with transaction.atomic():
        if alert:
            Collector.objects.update_or_create(
                alert=alert, source=source, what=what, defaults={"query": query, "unit": unit}
            )
        rows = [_collector_request(incident, wanted, window_of(incident))]
        EvidenceRequest.objects.bulk_create(rows, ignore_conflicts=True)
    waiting = incident.evidence_requests.filter(state=State.WAITING, source=source, what=what)
    return list(waiting.values_list("pk", flat=True))


def unplanned_incidents(limit: int = 100) -> Iterable[Incident]:
    """Open incidents filed recently whose planning task was lost."""
    now = timezone.now()
    return Incident.objects.filter(
        fingerprint=None,
        created_at__gte=now - timedelta(days=1),
        created_at__lt=now - timedelta(seconds=3),
    ).exclude(status=Incident.Status.RESOLVED)[:limit]


def unchecked_incidents(limit: int = 20) -> Iterable[Incident]:
    """Recent open incidents with complete evidence whose causes' checks did not run yet."""
    pending = EvidenceRequest.objects.filter(incident=OuterRef("pk"), state__in=PENDING)
    return Incident.objects.filter(
        ~Exists(pending),
        fingerprint__checked_at=None,
        fingerprint__planned_at__gte=timezone.now() - timedelta(days=1),
    ).exclude(status=Incident.Status.RESOLVED)[:limit]

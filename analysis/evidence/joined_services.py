"""Evidence of a service that was added to an incident because its alert names it."""

from __future__ import annotations

from django.db import transaction

from analysis.evidence.alert_evidence import MAX_ALERTS
from analysis.evidence.planning import target_of, window_of
from analysis.evidence.pulling import State, logger
from analysis.evidence.source_plugins import plugin_of
from analysis.models import Evidence, EvidenceRequest, Finding, Source
from analysis.sources.base import SourceError
from incidents.models import Incident, Service


@transaction.atomic
def pull_for_service(incident: Incident, service: Service) -> list[int]:
    """Pull evidence of a service that joined an incident. Returns request ids to work on.

    What was pulled for its alerts by their labels becomes evidence of the service.
    """
    Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
    _adopt(incident, service)
    window = window_of(incident)
    rows = []
    for source in Source.objects.filter(enabled=True):
        try:
            queries = plugin_of(source).queries(target_of(service))
        except SourceError as error:
            logger.warning("No evidence from %s for %s: %s", source, incident.reference, error)
            continue
        rows += [
            EvidenceRequest(
                incident=incident,
                source=source,
                service=service,
                what=query.what,
                query=query.text,
                unit=query.unit,
                labels=dict(query.labels),
                window_start=window.start,
                window_end=window.end,
            )
            for query in queries
        ]
    known = set(incident.evidence_requests.filter(service=service).values_list("source", "what"))
    new = [row for row in rows if (row.source_id, row.what) not in known]
    EvidenceRequest.objects.bulk_create(new, ignore_conflicts=True)
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


def _adopt(incident: Incident, service: Service) -> None:
    """Requests, evidence and findings of the service's alerts name the service from now on."""
    alerts = incident.alerts.filter(service=service)
    labels = [set(row.items()) for row in alerts.values_list("labels", flat=True)[:MAX_ALERTS]]
    own = set(incident.evidence_requests.filter(service=service).values_list("source", "what"))
    about = [
        request.pk
        for request in incident.evidence_requests.filter(service=None).exclude(labels={})
        if (request.source_id, request.what) not in own
        and any(set(request.labels.items()) <= each for each in labels)
    ]
    incident.evidence_requests.filter(pk__in=about).update(service=service)
    Evidence.objects.filter(request__in=about).update(service=service)
    Finding.objects.filter(evidence__request__in=about).update(service=service)

"""Evidence of a service that was added to an incident because its alert names it."""

from __future__ import annotations

from django.db import transaction

from analysis.evidence.alert_evidence import MAX_ALERTS
from analysis.evidence.planning import plan_evidence
from analysis.models import Evidence, Finding
from incidents import filing
from incidents.models import Incident, Service


@transaction.atomic
def pull_for_service(incident: Incident, service: Service) -> list[int]:
    """Pull evidence of a service that joined an incident. Returns request ids to work on.

    What was pulled for its alerts by their labels becomes evidence of the service.
    """
    filing.locked(incident)
    _adopt(incident, service)
    return plan_evidence(incident)


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

"""What follows in `analysis` from events of `incidents`; connected in `apps.py`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from kombu.exceptions import OperationalError

from analysis import tasks
from analysis.evidence.joined_services import pull_for_service
from analysis.suggestions.documents import WRITTEN_BY_PEOPLE
from incidents.models import Incident, Service, TimelineEntry


def pull_evidence_for(incident: Incident, **_: Any) -> None:
    try:
        tasks.plan_evidence.delay(incident.pk)
    except (OperationalError, OSError):
        # The sweep finds incidents that were never planned.
        tasks.logger.warning(
            "The broker is unavailable; %s waits for the sweep.", incident.reference
        )


def index_note(instance: TimelineEntry, **_: Any) -> None:
    """What people write is part of the incident's document, which is read anew when it changes."""
    if instance.kind in WRITTEN_BY_PEOPLE:
        Incident.objects.filter(pk=instance.incident_id).update(updated_at=timezone.now())


def pull_evidence_of_service(incident: Incident, service: Service, **_: Any) -> None:
    """Plan at once, as it costs no query to a source; what it plans is in the database."""
    tasks.enqueue(pull_for_service(incident, service))


def rewrite_index(**_: Any) -> None:
    """Other words feed similarity. Without the broker the periodic task finds the file outdated."""
    try:
        tasks.write_index.delay()
    except (OperationalError, OSError):
        tasks.logger.warning("The broker is unavailable; the index is rewritten later.")

"""What follows in `analysis` from events of `incidents`; connected in `apps.py`."""

from __future__ import annotations

from typing import Any

from kombu.exceptions import OperationalError

from analysis import tasks
from analysis.evidence.joined_services import pull_for_service
from incidents.models import Incident, Service


def pull_evidence_for(incident: Incident, **_: Any) -> None:
    try:
        tasks.plan_evidence.delay(incident.pk)
    except (OperationalError, OSError):
        # The sweep finds incidents that were never planned.
        tasks.logger.warning(
            "The broker is unavailable; %s waits for the sweep.", incident.reference
        )


def pull_evidence_of_service(incident: Incident, service: Service, **_: Any) -> None:
    """Plan at once, as it costs no query to a source; what it plans is in the database."""
    tasks.enqueue(pull_for_service(incident, service))

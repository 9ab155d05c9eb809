"""Listens to `incidents`."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from incidents.catalogue.lifecycle_gates import GATES
from incidents.events.signals import incident_resolved
from incidents.models import Incident
from practice.readiness.reviews import find_gaps, missing_for


@receiver(incident_resolved)
def find_gaps_of(incident: Incident, **_: Any) -> None:
    """What it showed to be missing becomes a finding of the readiness of its services."""
    find_gaps(incident)


GATES.append(missing_for)

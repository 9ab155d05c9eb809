"""Services that people add to an incident."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from incidents import filing
from incidents.events.signals import service_joined
from incidents.models import Incident, Service


@transaction.atomic
def add_services(incident: Incident, services: Collection[Service], author: User) -> list[Service]:
    """Add services to those that an incident has; returns the new ones. Their evidence is pulled.

    Raises ValidationError when there are too many.
    """
    known = set(incident.services.all())
    new = [service for service in services if service not in known]
    if new:
        incident = filing.edit_incident(incident, author, services=[*known, *new])
    for service in new if incident.is_open else []:
        announce = partial(
            service_joined.send_robust, sender=Incident, incident=incident, service=service
        )
        transaction.on_commit(announce)
    return new

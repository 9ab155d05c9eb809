"""Takes back what one act did to an incident, from the version that was saved before it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents import filing, responders
from incidents.models import Incident, history_of

RESTORED = ("resolution", *Incident.TIMES)
"""Beside status and severity; title, symptom and services are edited on a form, not by a click."""


def current_version(incident: Incident) -> int:
    """The key of the newest saved version; 0 where there is none."""
    newest = history_of(incident).values_list("history_id", flat=True).first()
    return int(newest or 0)


@transaction.atomic
def restore_version(incident: Incident, before: int, after: int, author: User) -> Incident:
    """Set status, severity, times, resolution and owner to what they were in version `before`.

    `after` is the version that the act to take back wrote. Raises ValidationError if somebody
    changed the incident since, or if it has no such version.
    """
    incident = filing.locked(incident)
    if current_version(incident) != after:
        raise ValidationError(_("Somebody changed the incident since: set it by hand."))
    former = history_of(incident).filter(history_id=before).first()
    if former is None:
        raise ValidationError(_("There is nothing to undo any more."))
    responders.assign_owner(incident, former.owner, author)
    fields: dict[str, Any] = {name: getattr(former, name) for name in RESTORED}
    return filing.edit_incident(
        incident, author, status=former.status, severity=former.severity, **fields
    )

"""Who works on an incident: its owner, who is the incident commander, responders and watchers.

Owner and responders act; watchers get notices. None of these lets anybody see a private incident.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import choose_one_of
from common.language import Text
from common.markdown import escape_markdown
from common.row_limits import require_space
from incidents import filing
from incidents.events.notices import notify
from incidents.models import Incident
from incidents.permissions import can_see

MOST_RESPONDERS = 200
"""Of one incident, and as many watchers."""


class Part(models.TextChoices):
    RESPONDER = "responder", "Responder"
    WATCHER = "watcher", "Watcher"


_MANY: dict[str, Text] = {
    Part.RESPONDER: _("An incident has responders,"),
    Part.WATCHER: _("An incident has watchers,"),
}


@transaction.atomic
def acknowledge(
    incident: Incident, person: User | None, at: datetime | None = None, how: str = ""
) -> Incident:
    """Somebody works on it; who does becomes its owner if it has none.

    `at` is when they said so, by default now: the earliest counts. `how` is for the timeline where
    another system reports it, such as "by Ada in PagerDuty"; `person` is None if it is nobody with
    an account here. Repeating it is harmless.
    """
    incident = filing.locked(incident)
    now = timezone.now()
    at = min(at or now, now)
    before = incident.acknowledged_at
    is_first = before is None or at < before
    becomes_owner = person is not None and incident.owner is None and can_see(person, incident)
    if not is_first and not becomes_owner:
        return incident
    if is_first:
        incident.acknowledged_at = at
        incident.guessed_times.pop("acknowledged_at", None)
    if becomes_owner:
        incident.owner = person
    incident.full_clean(exclude=["reporter"])
    incident.save()
    if before is None:
        by = f"by {person}" if person else ""
        text = f"Acknowledged {how or by}".strip()
        _add_entry(incident, text, person, at)
        filing.announce("incident.acknowledged", incident, f"{incident}: {text}", person)
    elif becomes_owner:
        _announce_owner(incident, person)
    return incident


@transaction.atomic
def withdraw_acknowledgement(incident: Incident, author: User | None, how: str = "") -> Incident:
    """Nobody works on it any more: neither acknowledged nor owned. Repeating it is harmless."""
    incident = filing.locked(incident)
    if incident.acknowledged_at is None and incident.owner is None:
        return incident
    incident.acknowledged_at = incident.owner = None
    incident.guessed_times.pop("acknowledged_at", None)
    incident.save()
    text = f"Acknowledgement withdrawn {how}".strip()
    _add_entry(incident, text, author)
    filing.announce("incident.owner", incident, f"{incident}: {text}", author)
    return incident


@transaction.atomic
def assign_owner(incident: Incident, owner: User | None, author: User | None = None) -> Incident:
    """Make somebody the owner, or nobody. Raises ValidationError if they may not see it."""
    incident = filing.locked(incident)
    if incident.owner == owner:
        return incident
    if owner is not None:
        _require_sight(incident, owner, "owner")
    incident.owner = owner
    incident.save()
    _announce_owner(incident, author)
    return incident


def _announce_owner(incident: Incident, author: User | None) -> None:
    text = f"Owner: {incident.owner or 'nobody'}"
    _add_entry(incident, text, author)
    filing.announce("incident.owner", incident, f"{incident}: {text}", author)


def _add_entry(
    incident: Incident, text: str, author: User | None, at: datetime | None = None
) -> None:
    filing.add_entry(incident, filing.Kind.PEOPLE, escape_markdown(text), author, at)


@transaction.atomic
def add_person(incident: Incident, person: User, part: str, author: User | None = None) -> Incident:
    """Add a responder or a watcher. Raises ValidationError by field name."""
    incident = filing.locked(incident)
    _require_sight(incident, person, "person")
    people = _people(incident, part)
    if people.filter(pk=person.pk).exists():
        return incident
    require_space(people.all(), MOST_RESPONDERS, "person", _MANY[part])
    people.add(person)
    if part == Part.RESPONDER:
        _add_entry(incident, f"{person} joined the response", author)
    if person != author:
        text = f"You are a {part} of {incident}"
        notify(person, f"incident-{incident.pk}-{part}", text, incident.get_absolute_url())
    return incident


@transaction.atomic
def remove_person(
    incident: Incident, person: User, part: str, author: User | None = None
) -> Incident:
    """Take a responder or a watcher off an incident; repeating it is harmless."""
    incident = filing.locked(incident)
    people = _people(incident, part)
    if not people.filter(pk=person.pk).exists():
        return incident
    people.remove(person)
    if part == Part.RESPONDER:
        _add_entry(incident, f"{person} left the response", author)
    return incident


def _people(incident: Incident, part: str) -> Any:
    if part not in Part.values:
        raise ValidationError({"part": choose_one_of(Part.values)})
    return incident.responders if part == Part.RESPONDER else incident.watchers


def _require_sight(incident: Incident, person: User, field: str) -> None:
    if not person.is_active or not can_see(person, incident):
        raise ValidationError(
            {
                field: ValidationError(
                    _("%(person)s may not see this incident: let them see it first."),
                    params={"person": person},
                )
            }
        )

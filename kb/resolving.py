"""Resolving an incident at once with what fixed it and its cause, and taking that back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from incidents import filing
from incidents.custom_fields.values import Given
from incidents.models import Incident
from incidents.undoing import restore_version
from kb.causes import linking
from kb.models import Cause, CauseLink


@transaction.atomic
def resolve_incident(
    incident: Incident,
    author: User,
    *,
    fix: str = "",
    cause: Cause | None = None,
    resolved_at: datetime | None = None,
    impact_started_at: datetime | None = None,
    custom_fields: Given | None = None,
) -> Incident:
    """Resolve an incident, confirm `cause`, and set when impact started if that is known better.

    `custom_fields` by name are set with it.

    Raises ValidationError by field name; then nothing was changed.
    """
    if impact_started_at is not None:
        incident = filing.edit_incident(incident, author, impact_started_at=impact_started_at)
    if cause is not None:
        set_link(incident, cause, CauseLink.State.CONFIRMED, author)
    resolved = Incident.Status.RESOLVED
    return filing.set_status(incident, resolved, author, fix, resolved_at, custom_fields)


@dataclass(frozen=True)
class FormerLink:
    """How an incident was linked to a cause before an act; `state` is "remove" where it was not."""

    state: str
    role: str


def former_link(incident: Incident, cause: Cause) -> FormerLink:
    link = CauseLink.objects.filter(incident=incident, cause=cause).first()
    return FormerLink(link.state, link.role) if link else FormerLink("remove", "")


@transaction.atomic
def set_link(
    incident: Incident, cause: Cause, state: str, author: User, role: str = "", reason: str = ""
) -> None:
    """Link a cause, or remove the link.

    `state` is one of a link, or "remove". Raises ValidationError.
    """
    if state == "remove":
        link = CauseLink.objects.filter(incident=incident, cause=cause).first()
        if link is not None:
            linking.unlink_cause(link, author)
        return
    linking.link_cause(incident, cause, state=state, role=role, reason=reason, author=author)


@transaction.atomic
def undo_resolve(
    incident: Incident,
    before: int,
    after: int,
    author: User,
    cause: Cause | None = None,
    former: FormerLink | None = None,
) -> Incident:
    """The reverse of `resolve_incident`: versions as for `restore_version`, the link as it was."""
    incident = restore_version(incident, before, after, author)
    if cause is not None and former is not None:
        set_link(incident, cause, former.state, author, former.role)
    return incident

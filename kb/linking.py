"""Acts on causes and their links. Called alike by web, API, chat and tasks."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from incidents import filing
from incidents.models import Incident
from incidents.signals import incident_changed
from kb.models import Cause, CauseLink


@transaction.atomic
def link_cause(
    incident: Incident,
    cause: Cause,
    *,
    state: str = "suspected",
    role: str = "root",
    reason: str = "",
    author: Any = None,
) -> CauseLink:
    """Say that `cause` is (or is not) a cause of `incident`; saying it again changes the link."""
    # The incident's row is the lock: two people accepting at once make one link.
    Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
    link = CauseLink.objects.filter(incident=incident, cause=cause).first()
    if link and (link.state, link.role, link.reason) == (state, role, reason or link.reason):
        return link
    link = link or CauseLink(incident=incident, cause=cause)
    link.state, link.role, link.author = state, role, author
    link.reason = reason or link.reason
    link.full_clean(validate_constraints=False, exclude=["author"])
    link.save()
    text = f"{link.get_role_display()} cause {link.state}: {cause.name}"
    filing.add_entry(incident, filing.Kind.CAUSE, f"{text}\n\n{reason}".strip(), author)
    transaction.on_commit(lambda: incident_changed.send_robust(sender=Incident, incident=incident))
    return link


@transaction.atomic
def unlink_cause(link: CauseLink, author: Any = None) -> None:
    """Remove a link made by mistake; the timeline and the history remember it."""
    filing.add_entry(
        link.incident, filing.Kind.CAUSE, f"Cause link removed: {link.cause.name}", author
    )
    link.delete()


@transaction.atomic
def create_cause(*, name: str, **fields: Any) -> Cause:
    """A new cause. Raises ValidationError by field name, also when the name is taken."""
    cause = Cause(name=" ".join(name.split()), **fields)
    cause.full_clean()
    cause.save()
    return cause


@transaction.atomic
def name_cause(incident: Incident, name: str, *, author: Any = None, **fields: Any) -> CauseLink:
    """“New cause” in one click: find the cause of this name or create it, and confirm it."""
    name = " ".join(name.split())
    if not name:
        raise ValidationError({"name": "Name the cause: what was changed, full, lost or expired?"})
    cause = Cause.objects.filter(name__iexact=name).first() or create_cause(name=name, **fields)
    return link_cause(incident, cause, state=CauseLink.State.CONFIRMED, author=author)

"""Causes and postmortems made from private incidents: private until somebody opens them.

A private cause is linked to private incidents only, and a postmortem about a private incident is
private: so whatever is shown with a public incident may be shown to everybody.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident
from incidents.permissions import can_see
from kb.models import ActionItem, Cause, CauseLink, Postmortem
from kb.permissions import MAKE_RECORDS_PUBLIC
from people import audit
from people.permissions import require

_ALSO_ABOUT_OTHERS = _(
    "A postmortem of it is also about what you may not see: let somebody who may unlink it first."
)
PRIVATE_CAUSE = _("“%(cause)s” is private: make it public first, or name another cause.")


def is_private(cause: Cause) -> ValidationError:
    """The error of a public record that would show a private cause."""
    return ValidationError(PRIVATE_CAUSE, params={"cause": cause})


def check_link(incident: Incident, cause: Cause) -> None:
    """Raises ValidationError if the incident shows a private cause to everybody."""
    if cause.private and not incident.private:
        raise ValidationError({"cause": is_private(cause)})


def check_same_visibility(cause: Cause, other: Cause) -> None:
    """Raises ValidationError if one of two causes that become one is private."""
    if cause.private != other.private:
        private = cause if cause.private else other
        raise is_private(private)


@transaction.atomic
def open_cause(cause: Cause, author: User) -> Cause:
    """Let everybody see a cause.

    Raises PermissionDenied, and ValidationError if a public cause has its name.
    """
    require(author, MAKE_RECORDS_PUBLIC)
    _open(cause)
    return cause


@transaction.atomic
def open_postmortem(postmortem: Postmortem, author: User) -> Postmortem:
    """Let everybody see a postmortem.

    Raises PermissionDenied, and ValidationError while it is about a private incident.
    """
    require(author, MAKE_RECORDS_PUBLIC)
    if private := postmortem.incidents.filter(private=True).first():
        raise ValidationError(
            _("It is about %(incident)s, which is private."), params={"incident": private.reference}
        )
    _open(postmortem)
    return postmortem


def _open(record: Cause | Postmortem) -> None:
    record.private = False
    record.full_clean(exclude=["author"])
    record.save()


def private_records_of(incident: Incident) -> tuple[QuerySet[Cause], QuerySet[Postmortem]]:
    """The private causes and postmortems that belong to an incident."""
    causes = Cause.objects.filter(private=True, links__incident=incident).distinct()
    return causes, Postmortem.objects.filter(private=True, incidents=incident)


def follow_visibility(
    sender: Any, incident: Incident, author: User | None, open_related: bool, **_more: Any
) -> None:
    """What belongs to an incident becomes private with it, and public only if that is wanted."""
    if incident.private:
        _hide_related(incident)
        return
    causes, postmortems = private_records_of(incident)
    for postmortem in postmortems:
        other = postmortem.incidents.filter(private=True).exclude(pk=incident.pk).first()
        if other is not None:
            seen = author is None or can_see(author, other)
            what = ValidationError(
                _("“%(postmortem)s” is also about %(incident)s, which is private."),
                params={"postmortem": postmortem, "incident": other.reference},
            )
            raise ValidationError({"private": what if seen else _ALSO_ABOUT_OTHERS})
    records: list[Cause | Postmortem] = [*causes, *postmortems]
    if records and not open_related:
        error = ValidationError(
            _(
                "These were made from it and are private: %(records)s. Make them public too, or "
                "unlink them first."
            ),
            params={"records": ", ".join(f"“{record}”" for record in records[:10])},
        )
        raise ValidationError({"private": error})
    if records and author is not None:
        require(author, MAKE_RECORDS_PUBLIC)
    for record in records:
        _open(record)


def _hide_related(incident: Incident) -> None:
    """Hide the causes that only private incidents have, and all postmortems.

    A cause that a public incident has too stays: what its record says was public until now. What
    else came from this incident is no part of that record: links with their reasons, chains and
    citations, resolution, evidence, outcomes of checks and that a fix failed are shown with the
    incident, to whom it is shown.
    """
    elsewhere = CauseLink.objects.filter(cause=OuterRef("pk"), incident__private=False)
    only_here = Cause.objects.filter(private=False, links__incident=incident).exclude(
        Exists(elsewhere.exclude(incident=incident))
    )
    causes = list(only_here.distinct())
    postmortems = Postmortem.objects.filter(private=False, incidents=incident)
    records: list[Cause | Postmortem] = [*causes, *postmortems]
    for record in records:
        record.private = True
        record.save()
    # No public record refers to a private one.
    public = ActionItem.objects.filter(cause__in=causes, postmortem__private=False)
    audit.update(public, cause=None)
    superseded = Cause.objects.filter(superseded_by__in=causes, private=False)
    audit.update(superseded, superseded_by=None, updated_at=timezone.now())

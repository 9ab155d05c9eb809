"""Announcing what is coming, and deciding on it with people and dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.catalogue.services import MOST_DEPENDENCIES, save_service
from incidents.models import Service
from people.permissions import require
from practice.models import Announcement, Engagement
from practice.onboarding_board import set_phase
from practice.permissions import ANNOUNCE, REVIEW_READINESS

SHOWN_AFTER = timedelta(days=60)
"""So long after its date an announcement is listed among what is coming."""
DECIDED = _("It is decided. Announce what is new as something else.")


@dataclass(frozen=True)
class Promise:
    """A phase of the engagement that is to be done: by whom, until when."""

    phase: str
    owner: User | None
    due_on: date


@transaction.atomic
def announce(
    author: User,
    *,
    announcement: Announcement | None = None,
    depends_on: Iterable[Service] | None = None,
    **fields: Any,
) -> Announcement:
    """Write an announcement, or edit one that is not decided. Raises ValidationError by field.

    Without a team it is that of the service. A known service is found by its name, too.
    """
    row = announcement or Announcement(author=author)
    if row.pk:
        row = Announcement.objects.select_for_update(of=("self",)).get(pk=row.pk)
        require(author, ANNOUNCE, row)
        if row.state != Announcement.State.OPEN:
            raise ValidationError(DECIDED)
    for name, value in fields.items():
        setattr(row, name, value)
    known = Service.objects.filter(name__iexact=row.new_service.strip()[:100]).first()
    if row.service is None and row.new_service and known is not None:
        row.service, row.new_service = known, ""
    if row.owner is None and row.service is not None:
        row.owner = row.service.owner
    require(author, ANNOUNCE, row)
    row.full_clean(exclude=["author", "decided_by"])
    row.save()
    if depends_on is not None:
        row.depends_on.set(_checked(row, list(depends_on)))
    return row


def _checked(row: Announcement, dependencies: list[Service]) -> list[Service]:
    if row.service is not None and row.service in dependencies:
        raise ValidationError({"depends_on": _("A service does not depend on itself.")})
    if len(dependencies) > MOST_DEPENDENCIES:
        message = _("A service depends on others, up to %(most)s.")
        params = {"most": MOST_DEPENDENCIES}
        raise ValidationError({"depends_on": ValidationError(message, params=params)})
    return dependencies


@transaction.atomic
def decide(
    announcement: Announcement,
    author: User,
    state: str,
    decision: str = "",
    promises: Sequence[Promise] = (),
) -> Announcement:
    """Decide on an announcement; what is promised becomes phases of the service's engagement.

    A new service that is accepted joins the catalogue, in the stage of its architecture. Raises
    ValidationError by field, and PermissionDenied.
    """
    row = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    require(author, REVIEW_READINESS, row)
    if state not in Announcement.State.values:
        names = ", ".join(Announcement.State.values)
        raise ValidationError({"state": f"Choose one of {names}."})
    if state in (Announcement.State.POSTPONED, Announcement.State.WITHDRAWN):
        if not decision.strip():
            raise ValidationError(
                {"decision": _("Give the reason: somebody will want to know it.")}
            )
        if promises:
            raise ValidationError({"promises": _("Only what is accepted has work with a date.")})
    row.state, row.decision = state, decision.strip()
    row.decided_by, row.decided_at = author, timezone.now()
    if state == Announcement.State.OPEN:
        row.decided_by = row.decided_at = None
    if state == Announcement.State.ACCEPTED:
        row.service = row.service or _new_service(row, author)
        row.new_service = ""
        for promise in promises:
            _promise(row, row.service, promise)
    row.full_clean(exclude=["author", "decided_by"])
    row.save()
    return row


def _new_service(row: Announcement, author: User) -> Service:
    known = Service.objects.filter(name__iexact=row.new_service).first()
    if known is not None:
        return known
    return save_service(
        Service(name=row.new_service),
        author,
        depends_on=row.depends_on.all(),
        description=row.title,
        tier=row.tier,
        lifecycle=Service.Lifecycle.ARCHITECTURE,
        owner=row.owner,
    )


def _promise(row: Announcement, service: Service, promise: Promise) -> None:
    former = Engagement.objects.filter(service=service, phase=promise.phase).first()
    doing = former is not None and former.state == Engagement.State.DOING
    engagement = set_phase(
        service,
        promise.phase,
        Engagement.State.DOING if doing else Engagement.State.TODO,
        promise.owner,
        former.evidence if former else "",
        promise.due_on,
    )
    engagement.announcement = row
    engagement.save()


def coming(today: date | None = None) -> QuerySet[Announcement]:
    """What is open or accepted and not long in production, the next first."""
    since = (today or timezone.now().date()) - SHOWN_AFTER
    states = [Announcement.State.OPEN, Announcement.State.ACCEPTED]
    rows = Announcement.objects.filter(
        Q(state=Announcement.State.OPEN) | Q(planned_on__gte=since), state__in=states
    )
    return rows.select_related("service", "owner").order_by("planned_on", "pk")

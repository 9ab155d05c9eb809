"""Merging, splitting and superseding causes. Nothing is deleted; the history shows who did what."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.utils import update_change_reason

from incidents.models import Incident
from kb.causes.linking import create_cause
from kb.models import Cause, CauseLink, LedTo
from kb.permissions import visible_links
from kb.privacy import check_same_visibility
from people import audit

_CERTAINTY = {"rejected": 0, "suspected": 1, "confirmed": 2}
TEXTS = ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")


def _mark_changed(incidents: Collection[int]) -> None:
    """Change the modification time that the similarity index and the API follow."""
    Incident.objects.filter(pk__in=incidents).update(updated_at=timezone.now())


@transaction.atomic
def merge_causes(into: Cause, other: Cause) -> Cause:
    """Move links, checks, fixes and actions of `other` to `into`, which supersedes it.

    Texts of `other` are added where `into` has none. Raises ValidationError.
    """
    if into.pk == other.pk:
        raise ValidationError(_("Choose two different causes."))
    rows = Cause.objects.select_for_update(of=("self",)).in_bulk([into.pk, other.pk])
    into, other = rows[into.pk], rows[other.pk]
    if into.superseded_by_id or other.superseded_by_id:
        raise ValidationError(_("One of them is superseded already."))
    check_same_visibility(into, other)
    present = {link.incident_id: link for link in into.links.all()}
    for link in other.links.select_related("incident"):
        mine = present.get(link.incident_id)
        if mine is None:
            link.cause = into
            link.save()
        elif _CERTAINTY[link.state] > _CERTAINTY[mine.state]:
            mine.state, mine.role = link.state, link.role
            mine.reason = mine.reason or link.reason
            mine.save()
            audit.update(link.citations.all(), link=mine)
    _move_edges(other, into)
    names = set(into.checks.values_list("name", flat=True))
    for check in other.checks.all():
        if check.name not in names:
            check.cause = into
            check.save()
    audit.update(other.action_items.all(), cause=into)
    _move_fixes(other, into)
    for field in TEXTS:
        if not getattr(into, field):
            setattr(into, field, getattr(other, field))
    into.runbook_url = into.runbook_url or other.runbook_url
    into.save()
    update_change_reason(into, f"Merged with cause {other.pk}")
    supersede_cause(other, into)
    _mark_changed(list(into.links.values_list("incident_id", flat=True)))
    return into


def _move_edges(source: Cause, target: Cause) -> None:
    for edge in [*source.led_to.all(), *source.came_from.all()]:
        earlier = target if edge.earlier_id == source.pk else edge.earlier
        later = target if edge.later_id == source.pk else edge.later
        if earlier.pk != later.pk:
            LedTo.objects.get_or_create(
                incident=edge.incident, earlier=earlier, later=later,
                defaults={"author": edge.author},
            )  # fmt: skip
        edge.delete()


def _move_fixes(source: Cause, target: Cause) -> None:
    has_current_fix = target.fixes.filter(returned_at=None).exists()
    for fix in source.fixes.all():
        if fix.returned_at is None and has_current_fix:
            continue
        fix.cause = target
        fix.save()


@transaction.atomic
def supersede_cause(cause: Cause, by: Cause) -> Cause:
    """Suggest `by` instead of `cause` from now on; the links of `cause` stay as they are."""
    if cause.pk == by.pk or by.superseded_by_id:
        raise ValidationError(_("Choose another cause, one that is not superseded itself."))
    check_same_visibility(cause, by)
    cause.superseded_by = by
    cause.save()
    update_change_reason(cause, f"Superseded by cause {by.pk}")
    audit.update(
        Cause.objects.filter(superseded_by=cause).exclude(pk=by.pk),
        superseded_by=by,
        updated_at=timezone.now(),
    )
    return cause


@transaction.atomic
def split_cause(
    cause: Cause, name: str, links: Collection[int], author: User | None = None, **fields: Any
) -> Cause:
    """A new cause to which some links of `cause` are moved. Raises ValidationError by field."""
    rows = visible_links(author) if author else CauseLink.objects.all()
    chosen = list(rows.filter(cause=cause, pk__in=links))
    if not chosen:
        raise ValidationError({"links": _("Choose the incidents that had the other cause.")})
    # Counting the links that the author does not see would show that there are some.
    if len(chosen) == rows.filter(cause=cause).count():
        raise ValidationError({"links": _("Leave at least one, or rename the cause instead.")})
    new_cause = create_cause(
        name=name, **{"category": cause.category_id, "private": cause.private, **fields}
    )
    for link in chosen:
        link.cause = new_cause
        link.save()
    update_change_reason(new_cause, f"Split off cause {cause.pk}")
    incidents = [link.incident_id for link in chosen]
    for edge in LedTo.objects.filter(incident__in=incidents, earlier=cause):
        edge.earlier = new_cause
        edge.save()
    for edge in LedTo.objects.filter(incident__in=incidents, later=cause):
        edge.later = new_cause
        edge.save()
    _mark_changed(incidents)
    return new_cause

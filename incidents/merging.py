"""Merge two incidents into one; split alerts off into an incident of their own."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents import filing
from incidents.models import Alert, Incident
from incidents.permissions import can_see


@transaction.atomic
def merge(into: Incident, other: Incident, author: User | None = None) -> Incident:
    """Merge `other` into `into`: alerts and services move, each keeps its own timeline.

    Raises ValidationError if they are the same or one of them was merged before.
    """
    # Locked in the order of their keys, so that two merges cannot deadlock.
    rows = {
        row.pk: row
        for row in Incident.objects.select_for_update(of=("self",))
        .filter(pk__in=[into.pk, other.pk])
        .order_by("pk")
    }
    into, other = rows[into.pk], rows[other.pk]
    if into.pk == other.pk:
        raise ValidationError({"incident": _("An incident cannot be merged into itself.")})
    if into.merged_into_id or other.merged_into_id:
        raise ValidationError(
            {"incident": _("One of them is part of another already: use that one.")}
        )
    if other.private and not into.private:
        raise ValidationError(
            {
                "incident": ValidationError(
                    _("%(private)s is private and %(public)s is not."),
                    params={"private": other.reference, "public": into.reference},
                )
            }
        )
    other.alerts.update(
        incident=into,
        joined_because=f"Merged from {other.reference} by {author}."[:300],
    )
    into.services.add(*other.services.all())
    into.responders.add(*(each for each in other.responders.all() if can_see(each, into)))
    into.watchers.add(*(each for each in other.watchers.all() if can_see(each, into)))
    if into.owner is None and other.owner is not None and can_see(other.owner, into):
        into.owner = other.owner
    into.impact_started_at = min(into.impact_started_at, other.impact_started_at)
    into.save()
    other.merged_into = into
    other.save()
    if other.is_open:
        other = filing.set_status(other, Incident.Status.RESOLVED, author)
    kind = filing.Kind.MERGE
    filing.add_entry(into, kind, f"{other.reference} was merged into this: {other.title}", author)
    filing.add_entry(other, kind, f"Merged into {into.reference}", author)
    return into


@transaction.atomic
def split(incident: Incident, alerts: Iterable[Alert], author: User | None = None) -> Incident:
    """Move some of an incident's alerts to a new incident. Raises ValidationError."""
    chosen = list(
        Alert.objects.select_for_update(of=("self",))
        .select_related("service")
        .filter(incident=incident, pk__in=[alert.pk for alert in alerts])
        .order_by("starts_at")
    )
    if not chosen:
        raise ValidationError({"alerts": _("Choose at least one of its alerts.")})
    first = chosen[0]
    new = filing.file_incident(
        title=(first.summary or first.name)[:300],
        services={alert.service for alert in chosen if alert.service},
        severity=incident.severity,
        impact_started_at=first.starts_at,
        detected_at=max(first.received_at, first.starts_at),
        labels={"alertname": first.name},
        private=incident.private,
        viewers=list(incident.viewers.all()),
        reporter=author,
    )
    names = ", ".join(sorted({alert.name for alert in chosen}))[:500]
    Alert.objects.filter(pk__in=[alert.pk for alert in chosen]).update(
        incident=new, joined_because=f"Split from {incident.reference}."
    )
    kind = filing.Kind.MERGE
    filing.add_entry(incident, kind, f"Split off as {new.reference}: {names}", author)
    filing.add_entry(new, kind, f"Split from {incident.reference}", author)
    return new

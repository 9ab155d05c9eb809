"""What happens to alert-born incidents as time passes, and joining and parting them by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from incidents import filing
from incidents.episodes import is_flapping
from incidents.intake import TierPolicy
from incidents.models import Alert, Incident, Service
from incidents.placing import Placing

FLAPPING_QUIET = timedelta(minutes=30)
"""How long a flapping alert must be quiet before its incident counts as quiet."""


@transaction.atomic
def open_due() -> int:
    """Open incidents for alerts that have fired for as long as their tier's policy waits."""
    due = Alert.objects.select_for_update(of=("self",), skip_locked=True).filter(
        opens_at__lte=timezone.now(), incident=None, status=Alert.Status.FIRING
    )
    alerts = list(due.select_related("service")[:1000])
    Placing(alerts).place_all(waited=True)
    return len(alerts)


def quiet_incidents() -> Iterable[tuple[Incident, timedelta]]:
    """Open incidents that alerts opened and none of whose alerts fires, and for how long."""
    now = timezone.now()
    found = (
        Incident.objects.exclude(status=Incident.Status.RESOLVED)
        .filter(labels__has_key="alertname", merged_into=None)
        .annotate(
            firing=Count("alerts", filter=Q(alerts__status=Alert.Status.FIRING)),
            ended=Max("alerts__ends_at"),
        )
        .filter(firing=0, ended__isnull=False)
    )
    for incident in found.prefetch_related("services")[:500]:
        yield incident, now - incident.ended


def close_quiet() -> int:
    """Do what the policy of the highest tier says once an incident's alerts are all over."""
    policies = {policy.tier: policy for policy in TierPolicy.objects.all()}
    tiers = list(Service.Tier.values)
    closed = 0
    for incident, quiet in quiet_incidents():
        own = {service.tier for service in incident.services.all()} or {Service.Tier.NORMAL}
        tier = min(own, key=tiers.index)
        policy = policies.get(tier) or TierPolicy(tier=tier)
        if policy.on_quiet == TierPolicy.OnQuiet.NOTHING:
            continue
        last = incident.alerts.order_by("-ends_at").first()
        wait = timedelta(minutes=policy.quiet_after)
        if last and is_flapping(last):
            wait = max(wait, FLAPPING_QUIET)
        if quiet < wait:
            continue
        wanted = (
            Incident.Status.RESOLVED
            if policy.on_quiet == TierPolicy.OnQuiet.RESOLVE
            else Incident.Status.MITIGATED
        )
        if incident.status == wanted:
            continue
        with transaction.atomic():
            filing.set_status(incident, wanted)
            filing.add_entry(incident, filing.Kind.ALERT, "All its alerts have ended.")
        closed += 1
    return closed


@transaction.atomic
def merge(into: Incident, other: Incident, author: Any = None) -> Incident:
    """Make `other` part of `into`: alerts and services move, what was written stays where it is.

    Raises ValidationError when they are the same or `into` is itself part of another.
    """
    # Always in the order of their numbers, so that two merges cannot wait for each other.
    rows = {
        row.pk: row
        for row in Incident.objects.select_for_update(of=("self",))
        .filter(pk__in=[into.pk, other.pk])
        .order_by("pk")
    }
    into, other = rows[into.pk], rows[other.pk]
    if into.pk == other.pk:
        raise ValidationError({"incident": "An incident cannot be merged into itself."})
    if into.merged_into_id or other.merged_into_id:
        raise ValidationError({"incident": "One of them is part of another already: use that one."})
    if other.private and not into.private:
        raise ValidationError(
            {"incident": f"{other.reference} is private and {into.reference} is not."}
        )
    other.alerts.update(
        incident=into,
        joined_because=f"Merged from {other.reference} by {author}."[:300],
    )
    into.services.add(*other.services.all())
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
def split(incident: Incident, alerts: Iterable[Alert], author: Any = None) -> Incident:
    """Give some of an incident's alerts an incident of their own. Raises ValidationError."""
    chosen = list(
        Alert.objects.select_for_update(of=("self",))
        .select_related("service")
        .filter(incident=incident, pk__in=[alert.pk for alert in alerts])
        .order_by("starts_at")
    )
    if not chosen:
        raise ValidationError({"alerts": "Choose at least one of its alerts."})
    first = chosen[0]
    made = filing.file_incident(
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
        incident=made, joined_because=f"Split from {incident.reference}."
    )
    kind = filing.Kind.MERGE
    filing.add_entry(incident, kind, f"Split off as {made.reference}: {names}", author)
    filing.add_entry(made, kind, f"Split from {incident.reference}", author)
    return made

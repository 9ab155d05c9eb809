"""Time-driven steps of alerts: open an incident after the policy's wait, close a quiet one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from incidents import filing
from incidents.alerts.episodes import is_flapping
from incidents.alerts.grouping import AlertGrouper
from incidents.models import Alert, Incident, Service, TierPolicy

FLAPPING_QUIET = timedelta(minutes=30)
"""How long a flapping alert must be quiet before its incident counts as quiet."""


@transaction.atomic
def open_overdue_alerts() -> int:
    """Open incidents for alerts that have fired for as long as their tier's policy waits."""
    due = Alert.objects.select_for_update(of=("self",), skip_locked=True).filter(
        opens_at__lte=timezone.now(), incident=None, status=Alert.Status.FIRING
    )
    alerts = list(due.select_related("service")[:1000])
    AlertGrouper(alerts).group_all(waited=True)
    return len(alerts)


def quiet_incidents() -> Iterable[tuple[Incident, timedelta]]:
    """Open incidents from alerts of which none fires any more, and for how long."""
    now = timezone.now()
    rows = (
        Incident.objects.exclude(status=Incident.Status.RESOLVED)
        .filter(labels__has_key="alertname", merged_into=None)
        .annotate(
            firing=Count("alerts", filter=Q(alerts__status=Alert.Status.FIRING)),
            ended=Max("alerts__ends_at"),
        )
        .filter(firing=0, ended__isnull=False)
    )
    for incident in rows.prefetch_related("services")[:500]:
        yield incident, now - incident.ended


def close_quiet_incidents() -> int:
    """Apply the policy of the highest tier to incidents whose alerts have all ended."""
    policies = {policy.tier: policy for policy in TierPolicy.objects.all()}
    tiers = list(Service.Tier.values)
    closed = 0
    for incident, quiet in quiet_incidents():
        own_tiers = {service.tier for service in incident.services.all()} or {Service.Tier.NORMAL}
        tier = min(own_tiers, key=tiers.index)
        policy = policies.get(tier) or TierPolicy(tier=tier)
        if policy.on_quiet == TierPolicy.OnQuiet.NOTHING:
            continue
        last = incident.alerts.order_by("-ends_at").first()
        wait = timedelta(minutes=policy.quiet_after)
        if last and is_flapping(last):
            wait = max(wait, FLAPPING_QUIET)
        if quiet < wait:
            continue
        target_status = (
            Incident.Status.RESOLVED
            if policy.on_quiet == TierPolicy.OnQuiet.RESOLVE
            else Incident.Status.MITIGATED
        )
        if incident.status == target_status:
            continue
        with transaction.atomic():
            filing.set_status(incident, target_status)
            filing.add_entry(incident, filing.Kind.ALERT, "All its alerts have ended.")
        closed += 1
    return closed

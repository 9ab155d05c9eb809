"""Noisy alert rules: they fire often and nobody ever acts on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, Count, F, Q, QuerySet
from django.utils import timezone

from incidents.models import Alert, TimelineEntry
from incidents.permissions import Viewer, visible_alerts

PERIOD = timedelta(days=30)
MIN_EPISODES = 5
"""With fewer episodes a rule is not called noisy."""


@dataclass(frozen=True)
class AlertRuleStats:
    """Statistics of one alert rule over the period."""

    name: str
    episodes: int
    incidents: int
    acted_on: int
    """Incidents in which a person wrote or decided something."""
    short: int
    """Episodes that ended within five minutes."""
    mean_minutes: float | None

    @property
    def leads_nowhere(self) -> bool:
        return self.episodes >= MIN_EPISODES and self.acted_on == 0


def noisy_rules(viewer: Viewer, limit: int = 100) -> list[AlertRuleStats]:
    """Rules of the last 30 days: first those nobody acted on, then by number of episodes."""
    recent = visible_alerts(viewer).filter(starts_at__gte=timezone.now() - PERIOD)
    rules = rule_stats(recent, limit)
    return sorted(rules, key=lambda rule: (not rule.leads_nowhere, -rule.episodes))


def rule_stats(alerts: QuerySet[Alert], limit: int | None = None) -> list[AlertRuleStats]:
    """Statistics of the rules of some alerts, the most frequent first."""
    acted = TimelineEntry.objects.filter(author__isnull=False).values("incident")
    rows = (
        alerts.order_by()
        .values("name")
        .annotate(
            episodes=Count("pk"),
            incidents=Count("incident", distinct=True),
            acted_on=Count("incident", filter=Q(incident__in=acted), distinct=True),
            short=Count("pk", filter=Q(ends_at__lt=F("starts_at") + timedelta(minutes=5))),
            mean=Avg(F("ends_at") - F("starts_at")),
        )
        .order_by("-episodes", "name")[:limit]
    )
    return [
        AlertRuleStats(
            row["name"],
            row["episodes"],
            row["incidents"],
            row["acted_on"],
            row["short"],
            row["mean"].total_seconds() / 60 if row["mean"] is not None else None,
        )
        for row in rows
    ]

"""Excessive alerts are themselves a fault: rules that fire and never lead anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, Count, F, Q, QuerySet
from django.utils import timezone

from incidents.models import Alert, TimelineEntry
from incidents.permissions import Viewer, visible_alerts

PERIOD = timedelta(days=30)
ENOUGH = 5
"""Episodes below which a rule is not judged."""


@dataclass(frozen=True)
class Rule:
    """How one alert rule did over the period."""

    name: str
    episodes: int
    incidents: int
    acted_on: int
    """incidents in which a person wrote or decided something"""
    short: int
    """episodes over within five minutes"""
    mean_minutes: float | None

    @property
    def leads_nowhere(self) -> bool:
        return self.episodes >= ENOUGH and self.acted_on == 0


def noisy_rules(viewer: Viewer, limit: int = 100) -> list[Rule]:
    """Rules by how often they fired in the last 30 days, those that led nowhere first."""
    lately = visible_alerts(viewer).filter(starts_at__gte=timezone.now() - PERIOD)
    rules = rules_of(lately, limit)
    return sorted(rules, key=lambda rule: (not rule.leads_nowhere, -rule.episodes))


def rules_of(alerts: QuerySet[Alert], limit: int | None = None) -> list[Rule]:
    """The rules behind some alerts, those that fired most often first."""
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
        Rule(
            row["name"],
            row["episodes"],
            row["incidents"],
            row["acted_on"],
            row["short"],
            row["mean"].total_seconds() / 60 if row["mean"] is not None else None,
        )
        for row in rows
    ]

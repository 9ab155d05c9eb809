"""Where an error budget went: how it stands, by incident and by cause, and what that asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Prefetch, Q
from django.utils import timezone

from incidents.models import Incident, Service
from incidents.permissions import visible_incidents
from kb.models import CauseLink
from practice import budget
from practice.budget import Budget, Burn, Counts
from practice.measuring import counts_of
from practice.models import Slo

WARN, FROZEN = 0.75, 1.0
TINY = 0.005
"""Share of the budget below which a part gets no line of its own."""
_SURE = {"confirmed": 0, "suspected": 1}
_ROLE = {"root": 0, "trigger": 1, "contributing": 2}


@dataclass(frozen=True)
class Part:
    """Minutes of budget spent by one thing; `path` leads to it, if to anything."""

    name: str
    path: str
    minutes: float
    share: float
    """of the whole budget"""


@dataclass(frozen=True)
class Standing:
    slo: Slo
    start: datetime
    end: datetime
    budget: Budget
    burns: list[Burn]
    days_left: float | None
    incidents: list[Part]
    causes: list[Part]
    counts: Counts

    @property
    def state(self) -> str:
        """ "unknown", "fine", "warn" or "frozen"."""
        if self.budget.ratio is None:
            return "unknown"
        if self.budget.share >= FROZEN:
            return "frozen"
        return "warn" if self.budget.share >= WARN else "fine"

    @property
    def in_words(self) -> str:
        return {
            "unknown": "nothing counted yet",
            "fine": "within budget",
            "warn": "three quarters spent",
            "frozen": "spent: releases stop",
        }[self.state]

    @property
    def spent_percent(self) -> float:
        return 100 * self.budget.share

    @property
    def firing(self) -> list[Burn]:
        return [burn for burn in self.burns if burn.firing]


def standing(slo: Slo, user: Any, now: datetime | None = None) -> Standing:
    """How the budget stands, of incidents as far as `user` may see them."""
    now = now or timezone.now()
    start, end = budget.window(slo.window, now)
    counts = counts_of(slo, start, min(end, now))
    found = budget.budget(counts, slo.ratio, start, end, now)
    gone = counts.between(start.timestamp(), min(end, now).timestamp())
    # To the end of what was counted: the newest minutes are not known yet.
    known_until = slo.pulled_until.timestamp() if slo.pulled_until else now.timestamp()
    at = min(now.timestamp(), known_until)
    incidents, causes = parts_of(slo, user, gone, found, now)
    return Standing(
        slo, start, end, found,
        budget.burns(counts, slo.ratio, at, (end - start).total_seconds()),
        budget.days_left(counts, found, at), incidents, causes, gone,
    )  # fmt: skip


def parts_of(
    slo: Slo, user: Any, counts: Counts, found: Budget, now: datetime
) -> tuple[list[Part], list[Part]]:
    since = datetime.fromtimestamp(counts.start, UTC)
    links = CauseLink.objects.exclude(state="rejected").select_related("cause")
    own = slo.service_id
    rows = list(
        visible_incidents(user)
        .filter(
            Q(resolved_at=None) | Q(resolved_at__gt=since),
            services__in=felt_through(own), impact_started_at__lt=now, merged_into=None,
        )
        .defer("search")
        .prefetch_related("services", Prefetch("cause_links", links))
        .order_by("impact_started_at", "pk")
        .distinct()
    )  # fmt: skip
    stretches = [(row.impact_started_at.timestamp(), _end(row, now).timestamp()) for row in rows]
    minutes, outside = budget.spent_by(counts, stretches)

    def part(name: str, path: str, spent: float) -> Part:
        return Part(name, path, spent, spent / found.minutes if found.minutes else 0.0)

    incidents = [
        part(_named(row, own), row.get_absolute_url(), spent)
        for row, spent in zip(rows, minutes, strict=True)
        if spent > 0
    ]
    by_cause: dict[tuple[str, str], float] = {}
    for row, spent in zip(rows, minutes, strict=True):
        key = _cause_of(row)
        by_cause[key] = by_cause.get(key, 0.0) + spent
    causes = [part(*key, spent) for key, spent in by_cause.items() if spent > 0]
    told = []
    for parts in (incidents, causes):
        small = [each for each in parts if each.share < TINY]
        kept = sorted(set(parts) - set(small), key=lambda each: (-each.minutes, each.name))
        if small:
            spent = sum(each.minutes for each in small)
            kept.append(part(f"{len(small)} more, each below {TINY:.1%}", "", spent))
        if outside > 0:
            kept.append(part("outside of any incident", "", outside))
        told.append(kept)
    return told[0], told[1]


def felt_through(service: int) -> set[int]:
    """A service and all that it needs, near and far: their incidents are felt in it."""
    pairs = Service.depends_on.through.objects.values_list("from_service_id", "to_service_id")
    needs: dict[int, list[int]] = {}
    for one, other in pairs:
        needs.setdefault(one, []).append(other)
    found, front = {service}, [service]
    while front:
        front = [other for one in front for other in needs.get(one, ()) if other not in found]
        found.update(front)
    return found


def _named(incident: Incident, service: int) -> str:
    name = f"{incident.reference} {incident.title}"
    others = [each for each in incident.services.all() if each.pk != service]
    own = len(others) < len(incident.services.all())
    return name if own else f"{name} (in {', '.join(each.name for each in others[:3])})"


def _end(incident: Incident, now: datetime) -> datetime:
    return incident.mitigated_at or incident.resolved_at or now


def _cause_of(incident: Incident) -> tuple[str, str]:
    """The name and path of the surest root cause."""
    links = sorted(
        incident.cause_links.all(), key=lambda link: (_SURE[link.state], _ROLE[link.role], link.pk)
    )
    if not links:
        return "cause not known", ""
    return links[0].cause.name, links[0].cause.get_absolute_url()

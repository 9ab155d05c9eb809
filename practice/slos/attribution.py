"""Where an error budget went, by incident and by cause, as far as somebody may see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Prefetch, Q
from django.utils import timezone

from incidents.catalogue.dependencies import dependency_edges, with_all_dependencies
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.models import CauseLink
from practice.core import error_budget
from practice.core.error_budget import Budget, Counts
from practice.models import Slo
from practice.slos.status import Stand, stand

TINY = 0.005
"""Share of the budget below which a part gets no line of its own."""
SHOWN = (
    "title", "severity", "status", "impact_started_at", "mitigated_at", "resolved_at", "private",
)  # fmt: skip
"""What lists show of an incident: a month of thousands need not bring all their texts."""
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
class Standing(Stand):
    """How a budget stands, and where it went."""

    incidents: list[Part]
    causes: list[Part]
    lasting: list[Incident]
    """those that were felt in the service and lasted into the window, oldest first"""


def standing(slo: Slo, user: Any, now: datetime | None = None) -> Standing:
    now = now or timezone.now()
    found = stand(slo, now)
    rows = lasting(
        user, found.counts.start, now, with_all_dependencies(dependency_edges(), slo.service_id)
    )
    incidents, causes = parts_of(slo, rows, found.counts, found.budget, now)
    return Standing(**vars(found), incidents=incidents, causes=causes, lasting=rows)


def parts_of(
    slo: Slo, rows: Sequence[Incident], counts: Counts, found: Budget, now: datetime
) -> tuple[list[Part], list[Part]]:
    """What incidents and causes spent of a budget, most first; `rows` are those of `lasting`."""
    stretches = [(row.impact_started_at.timestamp(), _end(row, now).timestamp()) for row in rows]
    minutes, outside = error_budget.spent_by(counts, stretches)
    by_incident = [
        ((_named(row, slo.service_id), row.get_absolute_url()), spent)
        for row, spent in zip(rows, minutes, strict=True)
    ]
    by_cause = [(_cause_of(row), spent) for row, spent in zip(rows, minutes, strict=True)]
    return _told(by_incident, outside, found), _told(by_cause, outside, found)


def lasting(
    user: Any, start: float, now: datetime, services: Collection[int] | None = None
) -> list[Incident]:
    """Incidents that `user` may see and that lasted after `start` (epoch seconds), oldest first.

    With their services and causes; of `services` only, where given.
    """
    since = datetime.fromtimestamp(start, UTC)
    links = CauseLink.objects.exclude(state="rejected").select_related("cause")
    rows = visible_incidents(user).filter(
        Q(resolved_at=None) | Q(resolved_at__gt=since), impact_started_at__lt=now, merged_into=None
    )
    if services is not None:
        through = Incident.services.through.objects.filter(service__in=services)
        rows = rows.filter(pk__in=through.values("incident_id"))
    return list(
        rows.only(*SHOWN)
        .prefetch_related("services", Prefetch("cause_links", links))
        .order_by("impact_started_at", "pk")
    )


def _told(
    spent: Iterable[tuple[tuple[str, str], float]], outside: float, found: Budget
) -> list[Part]:
    """Parts by name and path, most first; tiny ones as one, and what lies outside of all."""

    def part(name: str, path: str, minutes: float) -> Part:
        return Part(name, path, minutes, minutes / found.minutes if found.minutes else 0.0)

    added: dict[tuple[str, str], float] = {}
    for key, minutes in spent:
        added[key] = added.get(key, 0.0) + minutes
    parts = [part(*key, minutes) for key, minutes in added.items() if minutes > 0]
    kept = [each for each in parts if each.share >= TINY]
    kept.sort(key=lambda each: (-each.minutes, each.name))
    if count := len(parts) - len(kept):
        rest = sum(each.minutes for each in parts) - sum(each.minutes for each in kept)
        kept.append(part(f"{count} more, each below {TINY:.1%}", "", rest))
    return [*kept, part("outside of any incident", "", outside)] if outside > 0 else kept


def _named(incident: Incident, service: int) -> str:
    name = f"{incident.reference} {incident.title}"
    services = list(incident.services.all())
    if any(each.pk == service for each in services):
        return name
    return f"{name} (in {', '.join(each.name for each in services[:3])})"


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

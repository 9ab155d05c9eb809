"""How accurate suggestions were: what was shown, against what people then confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Min

from analysis.models import ShownAnswer
from analysis.suggestions.engine import Suggestions
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.models import CauseLink

FILED_LIVE = timedelta(hours=24)
"""Incidents filed later than this after detection were recorded here, not investigated."""


@dataclass
class Score:
    """Counts of one service or month, and minutes to a confirmed cause."""

    name: str
    answered: int = 0
    hits_at_1: int = 0
    hits_at_3: int = 0
    hits_at_5: int = 0
    refused: int = 0
    refused_rightly: int = 0
    _with: list[float] = field(default_factory=list)
    _without: list[float] = field(default_factory=list)

    @property
    def minutes_with(self) -> float | None:
        return median(self._with) if self._with else None

    @property
    def minutes_without(self) -> float | None:
        return median(self._without) if self._without else None

    @property
    def incidents_with(self) -> int:
        return len(self._with)

    @property
    def incidents_without(self) -> int:
        return len(self._without)

    def add(self, outcome: _Outcome) -> None:
        if outcome.answered:
            self.answered += 1
            self.hits_at_1 += outcome.is_hit_at(1)
            self.hits_at_3 += outcome.is_hit_at(3)
            self.hits_at_5 += outcome.is_hit_at(5)
            self.refused += outcome.refused
            self.refused_rightly += outcome.refused and outcome.new
        if outcome.minutes is not None:
            (self._with if outcome.rank else self._without).append(outcome.minutes)


@dataclass(frozen=True)
class _Outcome:
    answered: bool
    rank: int | None
    """of the confirmed cause among those shown, from 1"""
    refused: bool
    new: bool
    """whether none of its causes had been seen before"""
    minutes: float | None
    """from detection to the confirmed cause"""

    def is_hit_at(self, cutoff: int) -> bool:
        return self.rank is not None and self.rank <= cutoff


@dataclass
class Scoreboard:
    all: Score
    services: list[Score]
    months: list[Score]


def store_shown(incident: Incident, shown: Suggestions) -> None:
    """Store what was shown, for as long as nobody has confirmed a cause."""
    if incident.cause_links.filter(state=CauseLink.State.CONFIRMED).exists():
        return
    causes = [suggestion.cause.pk for suggestion in shown.causes]
    ShownAnswer.objects.update_or_create(
        incident=incident, defaults={"causes": causes, "refused": shown.nothing_alike}
    )


def scoreboard(user: Any) -> Scoreboard:
    """Counted over the incidents that `user` may see and that have a confirmed root cause."""
    links = CauseLink.objects.filter(
        state=CauseLink.State.CONFIRMED,
        role=CauseLink.Role.ROOT,
        incident__in=visible_incidents(user),
    )
    causes: dict[int, set[int]] = {}
    for incident_id, cause_id in links.values_list("incident_id", "cause_id"):
        causes.setdefault(incident_id, set()).add(cause_id)
    confirmed_at = _confirmed_at(causes)
    first_seen = _first_seen(set().union(*causes.values()))
    board = Scoreboard(Score("all"), [], [])
    services: dict[str, Score] = {}
    months: dict[str, Score] = {}
    incidents = Incident.objects.filter(pk__in=causes).select_related("shown_answer")
    for incident in incidents.prefetch_related("services"):
        outcome = _outcome(incident, causes[incident.pk], confirmed_at.get(incident.pk), first_seen)
        month = f"{incident.impact_started_at:%Y-%m}"
        board.all.add(outcome)
        months.setdefault(month, Score(month)).add(outcome)
        for service in incident.services.all():
            services.setdefault(service.name, Score(service.name)).add(outcome)
    board.services = _not_empty(sorted(services.values(), key=lambda each: each.name))
    board.months = _not_empty(sorted(months.values(), key=lambda each: each.name, reverse=True))
    return board


def _not_empty(scores: Iterable[Score]) -> list[Score]:
    return [
        each for each in scores if each.answered or each.incidents_with or each.incidents_without
    ]


def _confirmed_at(incidents: Iterable[int]) -> dict[int, datetime]:
    rows = (
        CauseLink.history.filter(incident_id__in=list(incidents), state="confirmed", role="root")
        .values("incident_id")
        .annotate(at=Min("history_date"))
        .order_by()
    )
    return {row["incident_id"]: row["at"] for row in rows}


def _first_seen(causes: Iterable[int]) -> dict[int, datetime]:
    """When each cause occurred for the first time, by its confirmed links."""
    rows = (
        CauseLink.objects.filter(cause_id__in=list(causes), state="confirmed")
        .values("cause_id")
        .annotate(at=Min("incident__impact_started_at"))
        .order_by()
    )
    return {row["cause_id"]: row["at"] for row in rows}


def _outcome(
    incident: Incident,
    causes: set[int],
    confirmed_at: datetime | None,
    first_seen: dict[int, datetime],
) -> _Outcome:
    shown = getattr(incident, "shown_answer", None)
    ranks = [rank for rank, cause in enumerate(shown.causes if shown else (), 1) if cause in causes]
    detected = incident.detected_at or incident.impact_started_at
    minutes = None
    if confirmed_at and incident.created_at - detected < FILED_LIVE:
        minutes = max(0.0, (confirmed_at - detected).total_seconds() / 60)
    return _Outcome(
        answered=shown is not None,
        rank=ranks[0] if ranks else None,
        refused=bool(shown and shown.refused),
        new=all(first_seen[cause] >= incident.impact_started_at for cause in causes),
        minutes=minutes,
    )

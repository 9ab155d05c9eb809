"""How well suggestions fared, from what was really shown and what people then confirmed."""

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
"""An incident filed later than this after it was noticed was recorded, not investigated, here."""


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
        if outcome.place is not None or outcome.answered:
            self.answered += 1
            place = outcome.place or 99
            self.hits_at_1 += place <= 1
            self.hits_at_3 += place <= 3
            self.hits_at_5 += place <= 5
            self.refused += outcome.refused
            self.refused_rightly += outcome.refused and outcome.new
        if outcome.minutes is not None:
            (self._with if outcome.place else self._without).append(outcome.minutes)


@dataclass(frozen=True)
class _Outcome:
    answered: bool
    place: int | None
    """of the confirmed cause among those shown, from 1"""
    refused: bool
    new: bool
    minutes: float | None


@dataclass
class Scoreboard:
    all: Score
    services: list[Score]
    months: list[Score]


def remember_shown(incident: Incident, found: Suggestions) -> None:
    """Keep what the page says, for as long as nobody has confirmed a cause."""
    if incident.cause_links.filter(state=CauseLink.State.CONFIRMED).exists():
        return
    causes = [suggestion.cause.pk for suggestion in found.causes]
    ShownAnswer.objects.update_or_create(
        incident=incident, defaults={"causes": causes, "refused": found.nothing_alike}
    )


def score(user: Any) -> Scoreboard:
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
    board.services = _told(sorted(services.values(), key=lambda each: each.name))
    board.months = _told(sorted(months.values(), key=lambda each: each.name, reverse=True))
    return board


def _told(scores: Iterable[Score]) -> list[Score]:
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
    """When each cause began for the first time, as far as its confirmed links tell."""
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
    places = [
        place for place, cause in enumerate(shown.causes, 1) if cause in causes
    ] if shown else []  # fmt: skip
    noticed = incident.detected_at or incident.impact_started_at
    minutes = None
    if confirmed_at and incident.created_at - noticed < FILED_LIVE:
        minutes = max(0.0, (confirmed_at - noticed).total_seconds() / 60)
    return _Outcome(
        answered=shown is not None,
        place=places[0] if places else None,
        refused=bool(shown and shown.refused),
        new=all(first_seen[cause] >= incident.impact_started_at for cause in causes),
        minutes=minutes,
    )

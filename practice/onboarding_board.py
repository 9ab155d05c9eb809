"""The board of services by phase, and which one to take on next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from incidents.models import Incident, Service
from incidents.permissions import visible_incidents
from practice.models import Engagement, Phase, ReadinessReview

PERIOD = timedelta(days=180)
TIER_WEIGHT = {"core": 3.0, "normal": 2.0, "supplementary": 1.0}


@dataclass
class Card:
    """A service on the board: its phases, pain and readiness."""

    service: Service
    phases: dict[str, Engagement]
    incidents: int = 0
    minutes: float = 0.0
    """from impact to resolution, added up over the period"""
    score: float | None = None
    """of the last closed readiness review"""
    reasons: list[str] = field(default_factory=list)

    @property
    def settled(self) -> int:
        done = (Engagement.State.DONE, Engagement.State.SKIPPED)
        return sum(engagement.state in done for engagement in self.phases.values())

    @property
    def column(self) -> str:
        """The first phase that is not settled; "done" when all are, "" when none was begun."""
        if not self.phases:
            return ""
        for phase in Phase.values:
            found = self.phases.get(phase)
            if found is None or found.state in (Engagement.State.TODO, Engagement.State.DOING):
                return phase
        return "done"

    @property
    def urgency(self) -> float:
        """Pain × tier × what is missing; a service without incidents still counts a little."""
        pain = self.incidents + self.minutes / 60
        return (0.5 + pain) * TIER_WEIGHT[self.service.tier] * (1.5 - (self.score or 0.0))


def board(user: Any) -> dict[str, list[Card]]:
    """Cards by column: not begun (""), each phase, "done". Most urgent first in each."""
    columns: dict[str, list[Card]] = {"": [], **{phase: [] for phase in Phase.values}, "done": []}
    for card in sorted(_cards(user), key=lambda card: (-card.urgency, card.service.name)):
        columns[card.column].append(card)
    return columns


def _cards(user: Any) -> list[Card]:
    since = timezone.now() - PERIOD
    apart = ExpressionWrapper(
        Coalesce("incident__resolved_at", Now()) - F("incident__impact_started_at"),
        output_field=DurationField(),
    )
    seen = visible_incidents(user).filter(impact_started_at__gte=since, merged_into=None)
    pain = {
        row["service_id"]: row
        for row in Incident.services.through.objects.filter(incident__in=seen.values("pk"))
        .values("service_id")
        .annotate(n=Count("pk"), lost=Sum(apart))
    }
    closed = ReadinessReview.objects.exclude(closed_at=None)
    newest = closed.values("service_id").annotate(last=Max("pk")).values("last")
    scores = dict(ReadinessReview.objects.filter(pk__in=newest).values_list("service_id", "score"))
    services = Service.objects.exclude(lifecycle="deprecated").prefetch_related(
        "engagements__owner"
    )
    cards = []
    for service in services:
        card = Card(service, {each.phase: each for each in service.engagements.all()})
        if row := pain.get(service.pk):
            card.incidents, card.minutes = row["n"], row["lost"].total_seconds() / 60
        card.score = scores.get(service.pk)
        card.reasons = _reasons(card)
        cards.append(card)
    return cards


def _reasons(card: Card) -> list[str]:
    found = [f"{card.service.tier} service"]
    if card.incidents:
        found.append(
            f"{card.incidents} incidents in {PERIOD.days} days, {card.minutes:.0f} minutes"
        )
    told = "no readiness review" if card.score is None else f"readiness {card.score:.0%}"
    return [*found, told]


def suggested(columns: dict[str, list[Card]]) -> list[Card]:
    """Services to take on next: not begun, with incidents first, most urgent of them."""
    return [card for card in columns[""] if card.incidents][:3] or columns[""][:3]


@transaction.atomic
def set_phase(
    service: Service, phase: str, state: str, owner: Any = None, evidence: str = ""
) -> Engagement:
    """Raises ValidationError by field; done needs something that shows it."""
    if phase not in Phase.values:
        raise ValidationError({"phase": f"Choose one of {', '.join(Phase.values)}."})
    if state == Engagement.State.DONE and not evidence.strip():
        raise ValidationError({"evidence": "Say what shows that it is done."})
    rows = Engagement.objects.select_for_update().filter(service=service, phase=phase)
    found = rows.first() or Engagement(service=service, phase=phase)
    found.state, found.owner, found.evidence = state, owner, evidence.strip()
    found.full_clean(exclude=["owner"])
    found.save()
    return found

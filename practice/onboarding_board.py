"""The onboarding board: services by phase, and which one to onboard next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.viewer import Viewer
from incidents.models import Incident, Service, recorded
from incidents.permissions import visible_incidents
from practice.models import TIERS, Engagement, Phase, ReadinessReview

PERIOD = timedelta(days=180)
FINISHED = (Engagement.State.DONE, Engagement.State.SKIPPED)
TIER_WEIGHT = {"core": 3.0, "normal": 2.0, "supplementary": 1.0}


@dataclass
class Card:
    """A service on the board: its phases, recent incidents and readiness."""

    service: Service
    phases: dict[str, Engagement]
    incidents: int = 0
    minutes: float = 0.0
    """from impact to resolution, summed over the period"""
    score: float | None = None
    """of the last closed readiness review"""
    reasons: list[str] = field(default_factory=list)

    @property
    def finished(self) -> int:
        return sum(engagement.state in FINISHED for engagement in self.phases.values())

    @property
    def column(self) -> str:
        """The first unfinished phase; "done" when all are finished, "" when none was begun."""
        if not self.phases:
            return ""
        for phase in Phase.values:
            engagement = self.phases.get(phase)
            if engagement is None or engagement.state not in FINISHED:
                return phase
        return "done"

    @property
    def urgency(self) -> float:
        """Impact × tier × missing readiness; a service without incidents still counts a little."""
        impact = self.incidents + self.minutes / 60
        return (0.5 + impact) * TIER_WEIGHT[self.service.tier] * (1.5 - (self.score or 0.0))


def board(user: Viewer) -> dict[str, list[Card]]:
    """Cards by column: not begun (""), each phase, "done". Most urgent first in each."""
    columns: dict[str, list[Card]] = {"": [], **{phase: [] for phase in Phase.values}, "done": []}
    for card in sorted(_cards(user), key=lambda card: (-card.urgency, card.service.name)):
        columns[card.column].append(card)
    return columns


def _cards(user: Viewer) -> list[Card]:
    since = timezone.now() - PERIOD
    duration = ExpressionWrapper(
        Coalesce("incident__resolved_at", Now()) - F("incident__impact_started_at"),
        output_field=DurationField(),
    )
    measured = recorded("impact_started_at", "resolved_at", prefix="incident__")
    visible = visible_incidents(user).filter(impact_started_at__gte=since, merged_into=None)
    totals = {
        row["service_id"]: row
        for row in Incident.services.through.objects.filter(incident__in=visible.values("pk"))
        .values("service_id")
        .annotate(n=Count("pk"), lost=Sum(duration, filter=measured))
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
        if row := totals.get(service.pk):
            lost = row["lost"] or timedelta()
            card.incidents, card.minutes = row["n"], lost.total_seconds() / 60
        card.score = scores.get(service.pk)
        card.reasons = _reasons(card)
        cards.append(card)
    return cards


def _reasons(card: Card) -> list[str]:
    reasons = [gettext("%(tier)s service") % {"tier": TIERS[card.service.tier]}]
    if card.incidents:
        suffered = gettext("%(n)s incidents in %(days)s days, %(minutes)s minutes")
        figures = {"n": card.incidents, "days": PERIOD.days, "minutes": f"{card.minutes:.0f}"}
        reasons.append(suffered % figures)
    if card.score is None:
        return [*reasons, gettext("no readiness review")]
    return [*reasons, gettext("readiness %(score)s") % {"score": f"{card.score:.0%}"}]


def suggested(columns: dict[str, list[Card]]) -> list[Card]:
    """The services to onboard next: the most urgent not begun, with incidents if any have some."""
    return [card for card in columns[""] if card.incidents][:3] or columns[""][:3]


@transaction.atomic
def set_phase(
    service: Service,
    phase: str,
    state: str,
    owner: User | None = None,
    evidence: str = "",
    due_on: date | None = None,
) -> Engagement:
    """Write the state of a phase; "done" requires evidence. Raises ValidationError by field."""
    if phase not in Phase.values:
        raise ValidationError({"phase": f"Choose one of {', '.join(Phase.values)}."})
    if state == Engagement.State.DONE and not evidence.strip():
        raise ValidationError({"evidence": _("Say what shows that it is done.")})
    rows = Engagement.objects.select_for_update().filter(service=service, phase=phase)
    engagement = rows.first() or Engagement(service=service, phase=phase)
    engagement.state, engagement.owner = state, owner
    engagement.evidence, engagement.due_on = evidence.strip(), due_on
    engagement.full_clean(exclude=["owner"])
    engagement.save()
    return engagement

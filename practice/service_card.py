"""A service on one card, for portals such as Backstage: how it is, who is called, what recurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max
from django.utils import timezone

from common.viewer import Viewer
from incidents.models import Incident, Service
from incidents.permissions import visible_incidents
from incidents.search.row_causes import IncidentRow, rows_of
from kb.models import Cause, CauseLink, OnCall
from kb.permissions import visible_causes, visible_links
from practice.models import ReadinessReview
from practice.permissions import visible_findings
from practice.readiness.reviews import last_review
from practice.slos.status import SloStatus, stored_status

MOST_INCIDENTS, MOST_CAUSES, MOST_PEOPLE = 10, 5, 10
PERIOD = timedelta(days=365)
RECURS_FROM = 2
IN_WORDS = {
    "failing": "a severe incident is open",
    "degraded": "an incident is open",
    "at_risk": "an error budget is spent or burns too fast",
    "fine": "no open incident",
}
"""How a service is, the worst first."""


@dataclass(frozen=True)
class RecurringCause:
    cause: Cause
    incidents: int
    """of the service within PERIOD"""
    last: datetime


@dataclass(frozen=True)
class ServiceCard:
    service: Service
    open_incidents: Sequence[IncidentRow]
    open_count: int
    severe: bool
    """An open one is SEV1 or SEV2."""
    objectives: Sequence[SloStatus]
    on_call: Sequence[OnCall]
    review: ReadinessReview | None
    review_valid: bool
    open_findings: int
    recurring: Sequence[RecurringCause]

    @property
    def health(self) -> str:
        """The key of IN_WORDS that is true first."""
        burns = any(each.state == "frozen" or each.firing for each in self.objectives)
        found = {"failing": self.severe, "degraded": bool(self.open_count), "at_risk": burns}
        return next((name for name, so in found.items() if so), "fine")

    @property
    def health_in_words(self) -> str:
        return IN_WORDS[self.health]

    @property
    def readiness(self) -> str:
        """ "none", "valid" or "expired"."""
        if self.review is None:
            return "none"
        return "valid" if self.review_valid else "expired"


def card_of(service: Service, viewer: Viewer, today: date | None = None) -> ServiceCard:
    """Of what `viewer` may see; the number of queries does not depend on how much that is."""
    now = timezone.now()
    rows = visible_incidents(viewer).filter(services=service)
    opened = rows.exclude(status=Incident.Status.RESOLVED).order_by("severity", "impact_started_at")
    severities = list(opened.values_list("severity", flat=True))
    review, valid = last_review(service, today)
    return ServiceCard(
        service=service,
        open_incidents=rows_of(list(opened[:MOST_INCIDENTS]), viewer),
        open_count=len(severities),
        severe=any(each in (Incident.Severity.SEV1, Incident.Severity.SEV2) for each in severities),
        objectives=[stored_status(slo, now) for slo in service.slos.filter(enabled=True)],
        on_call=list(OnCall.called_for([service])[:MOST_PEOPLE]),
        review=review,
        review_valid=valid,
        open_findings=visible_findings(viewer).filter(service=service, closed_at=None).count(),
        recurring=_recurring(service, viewer, now),
    )


def _recurring(service: Service, viewer: Viewer, now: datetime) -> list[RecurringCause]:
    """Causes that people confirmed in several incidents of the service, most frequent first."""
    links = visible_links(viewer).filter(
        state=CauseLink.State.CONFIRMED,
        incident__impact_started_at__gte=now - PERIOD,
        incident__merged_into=None,
        cause__in=visible_causes(viewer).filter(superseded_by=None).values("pk"),
    )
    # The permission may join services, too: outside of it there is one join of them alone.
    counted = (
        CauseLink.objects.filter(pk__in=links.values("pk"), incident__services=service)
        .order_by()
        .values("cause")
        .annotate(n=Count("incident", distinct=True), last=Max("incident__impact_started_at"))
        .filter(n__gte=RECURS_FROM)
        .order_by("-n", "-last")[:MOST_CAUSES]
    )
    found = list(counted)
    causes = Cause.objects.in_bulk([row["cause"] for row in found])
    return [RecurringCause(causes[row["cause"]], row["n"], row["last"]) for row in found]

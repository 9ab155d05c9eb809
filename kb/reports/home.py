"""What the home page shows of the knowledge: what is due, and what recurs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone

from common.viewer import Viewer
from incidents.home import Scope, incidents_of
from kb.models import ActionItem, Cause, CauseLink, PostmortemReview
from kb.permissions import visible_actions, visible_causes, visible_links, visible_postmortems
from people.permissions import teams_of

SHOWN = 6
RECENT = timedelta(days=30)
RECURS_FROM = 2


@dataclass(frozen=True)
class RecurringCause:
    cause: Cause
    times: int
    """Incidents within `RECENT`, without rejected ones."""
    last: datetime


def recurring_causes(viewer: Viewer, scope: Scope) -> list[RecurringCause]:
    """Causes of several incidents of the last 30 days, the most frequent first."""
    links = visible_links(viewer).exclude(state=CauseLink.State.REJECTED)
    counted = (
        links.filter(
            incident__impact_started_at__gte=timezone.now() - RECENT,
            incident__in=incidents_of(viewer, scope).values("pk"),
            cause__in=visible_causes(viewer).filter(superseded_by=None).values("pk"),
        )
        .order_by()
        .values("cause")
        .annotate(times=Count("incident", distinct=True), last=Max("incident__impact_started_at"))
        .filter(times__gte=RECURS_FROM)
        .order_by("-times", "-last")
    )
    rows = list(counted[:SHOWN])
    causes = Cause.objects.in_bulk([row["cause"] for row in rows])
    return [RecurringCause(causes[row["cause"]], row["times"], row["last"]) for row in rows]


def due_actions(viewer: Viewer, scope: Scope) -> QuerySet[ActionItem]:
    """Open action items, the first due first: one's own, those of one's teams' members, or all."""
    actions = visible_actions(viewer).filter(state=ActionItem.State.OPEN)
    if scope == Scope.MINE:
        actions = actions.filter(owner=viewer.pk)
    elif scope == Scope.TEAM:
        actions = actions.filter(
            Q(owner=viewer.pk) | Q(owner__team_memberships__team__in=teams_of(viewer))
        ).distinct()
    rows = actions.select_related("owner", "postmortem")
    return rows.order_by(F("due_on").asc(nulls_last=True), "pk")[:SHOWN]


def requested_reviews(viewer: Viewer) -> QuerySet[PostmortemReview]:
    """Reviews of postmortems that `viewer` was asked for and has not given."""
    return PostmortemReview.objects.filter(
        reviewer=viewer.pk,
        state=PostmortemReview.State.REQUESTED,
        postmortem__in=visible_postmortems(viewer).values("pk"),
    ).select_related("postmortem")[:SHOWN]

"""Gaps in the knowledge base: missing causes, fixes, checks and postmortems, overdue actions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from common.counted_rows import count_of
from common.viewer import Viewer
from incidents.models import Incident, Service, TierPolicy
from incidents.permissions import visible, visible_incidents
from kb.models import ActionItem, Cause, CauseLink, Check, Postmortem
from kb.permissions import visible_actions, visible_causes, visible_links

SHOWN = 25
LOOKBACK = timedelta(days=365)


@dataclass(frozen=True)
class PostmortemDue:
    """An incident that needs a postmortem by policy, and for how many days it is overdue."""

    incident: Incident
    days: int
    """Since the due date; negative before it."""
    draft: Postmortem | None


def services_without_cause(user: Viewer) -> QuerySet[Service]:
    """Services with incidents none of which has a confirmed cause, most incidents first."""
    of_services = Incident.services.through.objects.filter(visible(user, "incident__"))
    confirmed = visible_links(user).filter(
        state=CauseLink.State.CONFIRMED, incident__services=OuterRef("pk")
    )
    return (
        Service.objects.filter(Exists(of_services.filter(service=OuterRef("pk"))))
        # The first of each service is soon found: `Exists` would be a join of all links there are.
        .annotate(confirmed=Subquery(confirmed.order_by().values("pk")[:1]))
        .filter(confirmed=None)
        .annotate(count=count_of(of_services, "service"))
        .order_by("-count", "name")
    )


def thin_causes(user: Viewer) -> QuerySet[Cause]:
    """Causes that occurred and lack a fix or a check; most frequent first."""
    links = visible_links(user).exclude(state=CauseLink.State.REJECTED)
    return (
        visible_causes(user)
        # By the count they would all be counted twice.
        .filter(Exists(links.filter(cause=OuterRef("pk"))), superseded_by=None)
        .annotate(
            times=count_of(links, "cause"),
            check_count=count_of(Check.objects.all(), "cause"),
        )
        .filter(Q(how_to_fix="") | Q(check_count=0))
        .order_by("-times", "name")
    )


def overdue_actions(user: Viewer) -> QuerySet[ActionItem]:
    today = timezone.now().date()
    rows = visible_actions(user).filter(state=ActionItem.State.OPEN, due_on__lt=today)
    return rows.select_related("owner", "postmortem", "cause", "issue__tracker")


def _severities_with_postmortem(policy: TierPolicy) -> list[str]:
    return re.findall(r"SEV[1-4]", policy.postmortem_for)


def requires_postmortem(incident: Incident) -> bool:
    """Whether the policy of one of its services' tiers wants a postmortem for its severity."""
    tiers = {service.tier for service in incident.services.all()}
    return any(
        incident.severity in _severities_with_postmortem(policy)
        for policy in TierPolicy.objects.filter(tier__in=tiers)
    )


def postmortems_due(
    user: Viewer, limit: int = SHOWN, among: QuerySet[Incident] | None = None
) -> list[PostmortemDue]:
    """Resolved incidents of the last year that lack a postmortem by policy; most severe first.

    `among`: only these of the incidents that `user` may see.
    """
    now = timezone.now()
    required = Q(pk__in=[])
    within: dict[str, int] = {}
    for policy in TierPolicy.objects.all():
        severities = _severities_with_postmortem(policy)
        within[policy.tier] = policy.postmortem_within
        required |= Q(services__tier=policy.tier, severity__in=severities)
    published = Postmortem.objects.filter(
        incidents=OuterRef("pk"), state=Postmortem.State.PUBLISHED
    )
    incidents = visible_incidents(user) if among is None else among
    rows = (
        incidents.filter(
            required, ~Exists(published), resolved_at__gte=now - LOOKBACK, merged_into=None
        )
        .distinct()
        # To tell rows apart all their columns are compared.
        .defer("search", "symptom", "resolution")
        .order_by("severity", "-resolved_at")
        .prefetch_related("services", "postmortems")[:limit]
    )
    due = []
    for row in rows:
        days = min((within.get(service.tier, 5) for service in row.services.all()), default=5)
        since = now - (row.resolved_at or now) - timedelta(days=days)
        drafts = row.postmortems.all()
        due.append(PostmortemDue(row, since.days, drafts[0] if drafts else None))
    return due

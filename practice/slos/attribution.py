"""Which incidents and causes spent an error budget, as far as a user may see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext

from common.viewer import Viewer
from incidents.catalogue.dependencies import dependency_edges, with_dependencies
from incidents.models import Incident, recorded
from incidents.permissions import visible_incidents
from kb.models import CauseLink
from practice.core import error_budget
from practice.core.error_budget import Budget, Counts
from practice.models import Slo
from practice.slos.status import SloStatus, status_of

SMALLEST_SHARE = 0.005
"""Parts below this share of the budget are summed up as one."""
LISTED_FIELDS = (
    "title",
    "severity",
    "status",
    "impact_started_at",
    "mitigated_at",
    "resolved_at",
    "guessed_times",
    "private",
)
"""What lists show of an incident: a month of thousands must not load all their texts."""
_STATE_ORDER = {"confirmed": 0, "suspected": 1}
_ROLE_ORDER = {"root": 0, "trigger": 1, "contributing": 2}


@dataclass(frozen=True)
class BudgetPart:
    """Minutes of budget that an incident or a cause spent; `path` is its page, if it has one."""

    name: str
    path: str
    minutes: float
    share: float
    """of the whole budget"""


@dataclass(frozen=True)
class AttributedStatus(SloStatus):
    """The status of an error budget, and what spent it."""

    incidents: list[BudgetPart]
    causes: list[BudgetPart]
    overlapping: list[Incident]
    """incidents that affected the service during the window, oldest first"""


def attributed_status(slo: Slo, user: Viewer, now: datetime | None = None) -> AttributedStatus:
    now = now or timezone.now()
    status = status_of(slo, now)
    services = with_dependencies(dependency_edges(), slo.service_id)
    overlapping = overlapping_incidents(user, status.counts.start, now, services)
    incidents, causes = attribute(slo, overlapping, status.counts, status.budget, now)
    return AttributedStatus(
        **vars(status), incidents=incidents, causes=causes, overlapping=overlapping
    )


def attribute(
    slo: Slo, incidents: Sequence[Incident], counts: Counts, budget: Budget, now: datetime
) -> tuple[list[BudgetPart], list[BudgetPart]]:
    """What each of `incidents`, and each of their causes, spent of a budget; largest first."""
    periods = [
        (incident.impact_started_at.timestamp(), _impact_end(incident, now).timestamp())
        for incident in incidents
    ]
    minutes, outside = error_budget.spent_by(counts, periods)
    spent = list(zip(incidents, minutes, strict=True))
    by_incident = [
        ((_label(incident, slo.service_id), incident.get_absolute_url()), part)
        for incident, part in spent
    ]
    by_cause = [(_likeliest_cause(incident), part) for incident, part in spent]
    return _summed(by_incident, outside, budget), _summed(by_cause, outside, budget)


def overlapping_incidents(
    user: Viewer, start: float, now: datetime, services: Collection[int] | None = None
) -> list[Incident]:
    """Incidents visible to `user` that lasted beyond `start` (epoch seconds), oldest first.

    With their services and causes; of `services` only, where given.
    """
    since = datetime.fromtimestamp(start, UTC)
    links = CauseLink.objects.exclude(state="rejected").select_related("cause")
    rows = visible_incidents(user).filter(
        recorded("impact_started_at", "resolved_at"),
        Q(resolved_at=None) | Q(resolved_at__gt=since),
        impact_started_at__lt=now,
        merged_into=None,
    )
    if services is not None:
        through = Incident.services.through.objects.filter(service__in=services)
        rows = rows.filter(pk__in=through.values("incident_id"))
    return list(
        rows.only(*LISTED_FIELDS)
        .prefetch_related("services", Prefetch("cause_links", links))
        .order_by("impact_started_at", "pk")
    )


def _summed(
    spent: Iterable[tuple[tuple[str, str], float]], outside: float, budget: Budget
) -> list[BudgetPart]:
    """Parts summed by name and path, largest first, then small ones and what nothing explains."""

    def part(name: str, path: str, minutes: float) -> BudgetPart:
        return BudgetPart(name, path, minutes, minutes / budget.minutes if budget.minutes else 0.0)

    sums: dict[tuple[str, str], float] = {}
    for key, minutes in spent:
        sums[key] = sums.get(key, 0.0) + minutes
    parts = [part(*key, minutes) for key, minutes in sums.items() if minutes > 0]
    listed = [each for each in parts if each.share >= SMALLEST_SHARE]
    listed.sort(key=lambda each: (-each.minutes, each.name))
    if count := len(parts) - len(listed):
        rest = sum(each.minutes for each in parts) - sum(each.minutes for each in listed)
        more = gettext("%(n)s more, each below %(share)s")
        more %= {"n": count, "share": f"{SMALLEST_SHARE:.1%}"}
        listed.append(part(more, "", rest))
    if outside > 0:
        listed.append(part(gettext("outside of any incident"), "", outside))
    return listed


def _label(incident: Incident, service: int) -> str:
    name = f"{incident.reference} {incident.title}"
    services = list(incident.services.all())
    if any(each.pk == service for each in services):
        return name
    others = ", ".join(each.name for each in services[:3])
    return gettext("%(incident)s (in %(services)s)") % {"incident": name, "services": others}


def _impact_end(incident: Incident, now: datetime) -> datetime:
    return incident.mitigated_at or incident.resolved_at or now


def _likeliest_cause(incident: Incident) -> tuple[str, str]:
    """The name and path of the cause: confirmed before suspected, root before others."""
    links = sorted(
        incident.cause_links.all(),
        key=lambda link: (_STATE_ORDER[link.state], _ROLE_ORDER[link.role], link.pk),
    )
    if not links:
        return gettext("cause not known"), ""
    return links[0].cause.name, links[0].cause.get_absolute_url()

"""The history of a cause: when it occurred, which services it affected, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, prefetch_related_objects
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.svg_graph import graph
from common.viewer import Viewer
from incidents.models import Incident, Service
from kb.models import Cause, CauseLink, Fix, LedTo
from kb.permissions import read_open_citations, visible_links
from kb.reports import svg_charts

MOST, MOST_LISTED, MOST_SERVICES = 2000, 100, 12


@dataclass
class CauseHistory:
    """Counts exclude rejected links, and incidents that the user may not see."""

    links: list[CauseLink]
    listed: list[CauseLink]
    """The newest, with their services and open citations."""
    times: int
    confirmed: int
    last_seen: datetime | None
    minutes: float
    """From impact to resolution, of resolved incidents."""
    unresolved: int
    services: list[tuple[Service, int]]
    fixes: list[Fix]
    came_back: int
    fix: Fix | None
    """The current fix."""
    time_line: SafeString
    chain: SafeString


def cause_history(cause: Cause, user: Viewer) -> CauseHistory:
    """Everything in few queries, however often the cause occurred."""
    newest_first = visible_links(user).filter(cause=cause).order_by("-incident__impact_started_at")
    # Texts would be most of what is read.
    texts = [f"incident__{name}" for name in ("search", "symptom", "resolution", "labels")]
    links = list(newest_first.select_related("incident").defer(*texts)[:MOST])
    listed = links[:MOST_LISTED]
    prefetch_related_objects(listed, "incident__services")
    read_open_citations(listed, user)
    counted = [link for link in links if link.state != CauseLink.State.REJECTED]
    incidents = [link.incident for link in counted]
    resolved = [row for row in incidents if row.resolved_at]
    measured = [row for row in resolved if row.has_measured_duration]
    fixes = list(cause.fixes.select_related("author", "returned_with"))
    visible_incidents = {link.incident_id for link in links}
    for fix in fixes:
        if fix.returned_with_id is not None and fix.returned_with_id not in visible_incidents:
            fix.returned_with = fix.returned_at = None
    in_words = {value: str(label).lower() for value, label in CauseLink.State.choices}
    dots = [
        svg_charts.Occurrence(
            link.incident.impact_started_at, link.incident.get_absolute_url(), link.state,
            f"{link.incident}, {in_words[link.state]}",
        )
        for link in reversed(counted)
    ]  # fmt: skip
    marks = [
        svg_charts.Occurrence(
            fix.fixed_at, "", "fixed", _("Fixed %(day)s") % {"day": f"{fix.fixed_at:%Y-%m-%d}"}
        )
        for fix in fixes
    ]
    keys = [row.pk for row in incidents]
    edges = LedTo.objects.filter(incident__in=keys)
    return CauseHistory(
        links=links,
        listed=listed,
        times=len(counted),
        confirmed=sum(link.state == CauseLink.State.CONFIRMED for link in counted),
        last_seen=max((row.impact_started_at for row in incidents), default=None),
        minutes=sum(row.duration().total_seconds() / 60 for row in measured),
        unresolved=len(incidents) - len(resolved),
        services=_affected_services(keys),
        fixes=fixes,
        came_back=sum(fix.returned_at is not None for fix in fixes),
        fix=next((fix for fix in fixes if fix.returned_at is None), None),
        time_line=svg_charts.occurrences_chart(dots, marks),
        chain=chain_graph(edges.filter(earlier=cause) | edges.filter(later=cause)),
    )


def _affected_services(incidents: Sequence[int]) -> list[tuple[Service, int]]:
    """Those that most of `incidents`, given by their keys, affected, with how many."""
    links = Incident.services.through.objects.filter(incident__in=incidents)
    keys = links.order_by("service__name").values_list("service_id", flat=True)
    most = Counter(keys).most_common(MOST_SERVICES)
    services = Service.objects.in_bulk([key for key, _ in most])
    return [(services[key], times) for key, times in most]


def chain_graph(edges: QuerySet[LedTo] | Iterable[LedTo]) -> SafeString:
    rows = list(edges.select_related("earlier", "later") if isinstance(edges, QuerySet) else edges)
    times_by_edge = Counter((row.earlier_id, row.later_id) for row in rows)
    names = {
        cause.pk: (cause.name, cause.get_absolute_url(), "")
        for row in rows
        for cause in (row.earlier, row.later)
    }
    weighted_edges = [(*pair, times) for pair, times in times_by_edge.items()]
    return graph(weighted_edges, names, _("Which cause led to which"))

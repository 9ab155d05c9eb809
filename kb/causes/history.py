"""The history of a cause: when it occurred, which services it affected, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from common.svg_graph import graph
from common.viewer import Viewer
from incidents.models import Service
from kb.models import Cause, CauseLink, Fix, LedTo
from kb.permissions import read_open_citations, visible_links
from kb.reports import svg_charts


@dataclass
class CauseHistory:
    """Counts exclude rejected links, and incidents that the user may not see."""

    links: list[CauseLink]
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
    """Everything in four queries, however often the cause occurred."""
    visible = visible_links(user).filter(cause=cause)
    links = list(
        visible.select_related("incident", "author")
        .prefetch_related("incident__services")
        .order_by("-incident__impact_started_at")[:2000]
    )
    read_open_citations(links, user)
    counted = [link for link in links if link.state != CauseLink.State.REJECTED]
    incidents = [link.incident for link in counted]
    resolved = [row for row in incidents if row.resolved_at]
    measured = [row for row in resolved if row.has_measured_duration]
    services = Counter(service for row in incidents for service in row.services.all())
    fixes = list(cause.fixes.select_related("author", "returned_with"))
    visible_incidents = {link.incident_id for link in links}
    for fix in fixes:
        if fix.returned_with_id is not None and fix.returned_with_id not in visible_incidents:
            fix.returned_with = fix.returned_at = None
    dots = [
        svg_charts.Occurrence(
            link.incident.impact_started_at, link.incident.get_absolute_url(), link.state,
            f"{link.incident}, {link.state}",
        )
        for link in reversed(counted)
    ]  # fmt: skip
    marks = [
        svg_charts.Occurrence(fix.fixed_at, "", "fixed", f"Fixed {fix.fixed_at:%Y-%m-%d}")
        for fix in fixes
    ]
    edges = LedTo.objects.filter(incident__in=[row.pk for row in incidents])
    return CauseHistory(
        links=links,
        times=len(counted),
        confirmed=sum(link.state == CauseLink.State.CONFIRMED for link in counted),
        last_seen=max((row.impact_started_at for row in incidents), default=None),
        minutes=sum(row.duration().total_seconds() / 60 for row in measured),
        unresolved=len(incidents) - len(resolved),
        services=services.most_common(12),
        fixes=fixes,
        came_back=sum(fix.returned_at is not None for fix in fixes),
        fix=next((fix for fix in fixes if fix.returned_at is None), None),
        time_line=svg_charts.occurrences_chart(dots, marks),
        chain=chain_graph(edges.filter(earlier=cause) | edges.filter(later=cause)),
    )


def chain_graph(edges: QuerySet[LedTo] | Iterable[LedTo]) -> SafeString:
    rows = list(edges.select_related("earlier", "later") if isinstance(edges, QuerySet) else edges)
    times_by_edge = Counter((row.earlier_id, row.later_id) for row in rows)
    names = {
        cause.pk: (cause.name, cause.get_absolute_url(), "")
        for row in rows
        for cause in (row.earlier, row.later)
    }
    weighted_edges = [(*pair, times) for pair, times in times_by_edge.items()]
    return graph(weighted_edges, names, "Which cause led to which")

"""Evidence for alerts by their own expressions and labels, also where no service is known.

An alert's link is never followed: its expression is sent to configured sources only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from analysis.evidence.source_plugins import plugin_of
from analysis.models import EvidenceRequest, Source
from analysis.sources.base import AlertTarget, SourceError, SourceQuery, Window
from incidents.alerts.new_service import guess_service
from incidents.models import Alert, Incident, Service

MAX_TARGETS = 4
"""Rules that are pulled for one incident."""
MAX_REQUESTS = 40
"""Of one incident, for all its alerts and sources."""
MAX_ALERTS = 200
"""Alerts read to find these; a storm has thousands of the same."""


def alert_requests(
    incident: Incident, sources: Sequence[Source], window: Window
) -> list[EvidenceRequest]:
    """Unsaved requests for what the incident's alerts are about, the oldest first."""
    alerts = incident.alerts.select_related("service").order_by("starts_at", "pk")[:MAX_ALERTS]
    rows: list[EvidenceRequest] = []
    for group in _groups(alerts):
        target, service = _target(group)
        for source in _sources_for(group[0], sources):
            try:
                queries = plugin_of(source).alert_queries(target)
            except SourceError:
                continue  # Planning by service reports what is wrong with a source.
            rows += [request_for(incident, source, service, query, window) for query in queries]
    return distinct(rows)[:MAX_REQUESTS]


def distinct(rows: Iterable[EvidenceRequest]) -> list[EvidenceRequest]:
    """Each query of a source once; what would have the same name as another gets a number."""
    queries: set[tuple[int, str]] = set()
    names: set[tuple[int, int | None, str]] = set()
    chosen = []
    for row in rows:
        if (row.source_id, row.query) in queries:
            continue
        queries.add((row.source_id, row.query))
        plain, number = row.what, 2
        while (row.source_id, row.service_id, row.what) in names:
            row.what = f"{plain[:90]} ({number})"
            number += 1
        names.add((row.source_id, row.service_id, row.what))
        chosen.append(row)
    return chosen


def _groups(alerts: Iterable[Alert]) -> list[list[Alert]]:
    """Alerts of one rule and service together: one query brings them all."""
    groups: dict[tuple[str, str, int | None], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.name, alert.query, alert.service_id), []).append(alert)
    return list(groups.values())[:MAX_TARGETS]


def _target(group: list[Alert]) -> tuple[AlertTarget, Service | None]:
    """What a group of alerts is about: the labels that all of them have."""
    first = group[0]
    shared = set(first.labels.items())
    for alert in group[1:]:
        shared &= set(alert.labels.items())
    guess = None if first.service else guess_service(first)
    target = AlertTarget(
        first.query,
        dict(sorted(shared)),
        known=first.service is not None,
        service=guess.name if guess else "",
    )
    return target, first.service


def _sources_for(alert: Alert, sources: Sequence[Source]) -> list[Source]:
    """All sources; of several of one kind only that which sent the alert, if it is among them.

    Names of hosts are compared, nothing is fetched.
    """
    host = _host(alert.url)
    senders = [row for row in sources if host and _host(row.settings.get("url", "")) == host]
    kinds = {row.kind for row in senders}
    return [row for row in sources if row.kind not in kinds or row in senders]


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def request_for(
    incident: Incident,
    source: Source,
    service: Service | None,
    query: SourceQuery,
    window: Window,
) -> EvidenceRequest:
    """An unsaved request for a query of a source."""
    return EvidenceRequest(
        incident=incident,
        source=source,
        service=service,
        what=query.what,
        query=query.text,
        unit=query.unit,
        labels=dict(query.labels),
        threshold=query.threshold,
        window_start=window.start,
        window_end=window.end,
    )

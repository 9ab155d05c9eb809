"""New and bursting log lines outside incidents, by service, as a viewer may see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from analysis.evidence.log_watch import LEARNING, watchable
from analysis.models import LogProfile, LogSign, LogWatch, Source
from analysis.permissions import visible_signs
from common.viewer import Viewer
from incidents.models import Incident, Service
from incidents.permissions import visible_incidents

SHOWN_DAYS = 7
MAX_SIGNS = 300
MAX_OF_SERVICE = 12


@dataclass
class ShownSign:
    sign: LogSign
    incident: Incident | None
    """The one that it opened, if the viewer may see it."""


@dataclass
class ServiceSigns:
    service: Service
    signs: list[ShownSign] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True)
class WatchedSource:
    """A source of log lines, and how far its watch is."""

    source: Source
    watch: LogWatch | None
    profiles: int
    learning_until: datetime | None
    problem: str


def signs_by_service(viewer: Viewer) -> list[ServiceSigns]:
    """Signs of the last days; the service with the newest one first, of a service errors first.

    What a team's viewer may see are the services of that team.
    """
    signs = visible_signs(viewer).filter(last_at__gte=timezone.now() - timedelta(days=SHOWN_DAYS))
    rows = list(signs.select_related("service")[:MAX_SIGNS])
    ids = {row.incident_id for row in rows if row.incident_id}
    incidents = visible_incidents(viewer).in_bulk(ids) if ids else {}
    groups: dict[int, ServiceSigns] = {}
    for row in rows:
        group = groups.setdefault(row.service_id, ServiceSigns(row.service))
        group.signs.append(ShownSign(row, incidents.get(row.incident_id or 0)))
    for group in groups.values():
        group.signs.sort(key=lambda shown: not shown.sign.error)
        group.more = max(0, len(group.signs) - MAX_OF_SERVICE)
        group.signs = group.signs[:MAX_OF_SERVICE]
    return list(groups.values())


def watched_sources() -> list[WatchedSource]:
    """Every source of log lines, watched or not."""
    watches = {watch.source_id: watch for watch in LogWatch.objects.all()}
    profiles: dict[int, list[LogProfile]] = {}
    for profile in LogProfile.objects.defer("templates"):
        profiles.setdefault(profile.source_id, []).append(profile)
    rows = []
    for source in Source.objects.filter(enabled=True):
        if not watchable(source):
            continue
        own = profiles.get(source.pk, [])
        started = max((profile.started_at for profile in own), default=None)
        until = started + LEARNING if started else None
        problem = next((profile.problem for profile in own if profile.problem), "")
        rows.append(
            WatchedSource(
                source,
                watches.get(source.pk),
                len(own),
                until if until and until > timezone.now() else None,
                problem,
            )
        )
    return rows

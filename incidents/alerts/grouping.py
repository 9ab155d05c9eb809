"""Which incident an alert belongs to, and why; opening one where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from common.markdown import escape_markdown
from incidents import filing
from incidents.catalogue.dependencies import dependency_pairs
from incidents.models import (
    Alert,
    Incident,
    Integration,
    MaintenanceWindow,
    Service,
    TierPolicy,
    TimelineEntry,
)
from incidents.severities import severity_of_alert

AGAIN = timedelta(minutes=30)
"""A rule that fires again within this time belongs where it belonged before."""
SAME_GROUP = timedelta(minutes=60)
SAME_SERVICE = timedelta(minutes=30)
NEAR = timedelta(minutes=10)
"""For what is less sure: a dependency, the same rule elsewhere, alike words."""
STORM, STORM_WITHIN = 8, timedelta(minutes=10)
"""So many incidents opened by alerts within this time are one large outage."""
ALIKE_WORDS = 0.6
_WORD = re.compile(r"[a-z]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def source_of(integration: Integration) -> str:
    """What alerts of an integration name as their source."""
    return f"{integration.kind} {integration.pk}"


def words_of(alert: Alert) -> frozenset[str]:
    parts = _HUMP.sub(" ", f"{alert.name} {alert.summary}").lower()
    return frozenset(word for word in _WORD.findall(parts) if len(word) > 2)


@dataclass
class Room:
    """An open incident that alerts may join, with what the rules ask about it."""

    incident: Incident
    last_at: datetime
    services: set[int] = field(default_factory=set)
    groups: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, frozenset[str]] = field(default_factory=dict)
    storm: bool = False
    fresh_services: set[int] = field(default_factory=set)

    def take(self, alert: Alert) -> None:
        self.last_at = max(self.last_at, alert.starts_at)
        self.names.setdefault(alert.name, words_of(alert))
        if alert.group_key:
            self.groups.add((alert.source, alert.group_key))
        if alert.service_id and alert.service_id not in self.services:
            self.services.add(alert.service_id)
            self.fresh_services.add(alert.service_id)


class Placing:
    """Places alerts one after another; what the first ones opened, the later ones may join."""

    def __init__(self, alerts: Sequence[Alert]) -> None:
        self.alerts = [alert for alert in alerts if alert.status == Alert.Status.FIRING]
        self.now = timezone.now()
        self.rooms: list[Room] = []
        self.placed: list[Alert] = []
        self.told: dict[int, list[str]] = {}

    def place_all(self, *, waited: bool = False) -> None:
        """Place each alert, then write them. `waited` is for those whose time to wait is over."""
        if not self.alerts:
            return
        self._load()
        for alert in self.alerts:
            self._place(alert, waited)
        Alert.objects.bulk_update(
            self.alerts, ["incident", "joined_because", "opens_at"], batch_size=1000
        )
        self._write()

    def _load(self) -> None:
        since = min(alert.starts_at for alert in self.alerts) - SAME_GROUP
        open_ones = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(
            merged_into=None, alerts__isnull=False
        )
        latest = open_ones.annotate(last_at=Max("alerts__starts_at")).filter(last_at__gte=since)
        self.rooms = [
            Room(incident, incident.last_at, storm=bool(incident.labels.get("storm")))
            for incident in latest.order_by("pk")
        ]
        by_pk = {room.incident.pk: room for room in self.rooms}
        for pk, service in Incident.services.through.objects.filter(
            incident_id__in=by_pk
        ).values_list("incident_id", "service_id"):
            by_pk[pk].services.add(service)
        of_rooms = Alert.objects.filter(incident_id__in=by_pk).order_by()
        groups = of_rooms.exclude(group_key="").values_list("incident_id", "source", "group_key")
        for pk, source, group in groups.distinct():
            by_pk[pk].groups.add((source, group))
        one_a_rule = of_rooms.order_by("incident_id", "name", "pk").distinct("incident_id", "name")
        for pk, name, summary in one_a_rule.values_list("incident_id", "name", "summary"):
            by_pk[pk].names[name] = words_of(Alert(name=name, summary=summary))
        self.below: dict[int, set[int]] = {}
        for above, below in dependency_pairs():
            self.below.setdefault(above, set()).add(below)
            self.below.setdefault(below, set()).add(above)
        self.senders = {source_of(row): row.name for row in Integration.objects.all()}
        self.policies = {policy.tier: policy for policy in TierPolicy.objects.all()}
        self.maintained = {
            pk: window
            for window in MaintenanceWindow.objects.filter(
                starts_at__lte=self.now, ends_at__gt=self.now
            ).prefetch_related("services")
            for pk in window.services.values_list("pk", flat=True)
        }
        former = Alert.objects.filter(
            fingerprint__in={alert.fingerprint for alert in self.alerts},
            starts_at__gte=self.now - timedelta(days=1),
            incident__isnull=False,
        ).select_related("incident")
        self.former: dict[tuple[str, str], Alert] = {}
        for alert in former.order_by("starts_at"):
            self.former[alert.source, alert.fingerprint] = alert
        self.opened_of_late = Incident.objects.filter(
            created_at__gte=self.now - STORM_WITHIN, reporter=None, labels__has_key="alertname"
        ).count()

    def _place(self, alert: Alert, waited: bool) -> None:
        alert.opens_at = None
        if alert.service_id in self.maintained:
            window = self.maintained[alert.service_id]
            alert.joined_because = f"Maintenance: {window.reason}"[:300]
            return
        room, why = self._room_for(alert)
        if room is None and not waited:
            tier = alert.service.tier if alert.service else Service.Tier.NORMAL
            policy = self.policies.get(tier)
            if policy and policy.opens_after:
                alert.opens_at = alert.starts_at + timedelta(minutes=policy.opens_after)
                if alert.opens_at > self.now:
                    alert.joined_because = (
                        f"Waits {policy.opens_after} min: {tier} services may be late."
                    )
                    return
                alert.opens_at = None
        if room is None:
            room, why = self._open(alert)
        room.take(alert)
        alert.incident, alert.joined_because = room.incident, why[:300]
        self.placed.append(alert)

    def _room_for(self, alert: Alert) -> tuple[Room | None, str]:
        before = self.former.get((alert.source, alert.fingerprint))
        if before and before.incident and self._again(before, alert):
            room = self._reopened(before.incident)
            if room:
                return room, f"It fired before in {room.incident.reference}."
        best: tuple[int, float, Room, str] | None = None
        for room in self.rooms:
            apart = abs(alert.starts_at - room.last_at)
            rule = self._rule(room, alert, apart)
            if rule is None:
                continue
            rank, why = rule
            if best is None or (rank, apart.total_seconds()) < best[:2]:
                best = (rank, apart.total_seconds(), room, why)
        return (best[2], best[3]) if best else (None, "")

    def _rule(self, room: Room, alert: Alert, apart: timedelta) -> tuple[int, str] | None:
        """The surest rule by which an alert joins, as its rank (0 is surest) and in words."""
        minutes = f"{apart.total_seconds() / 60:.0f} min apart"
        if (alert.source, alert.group_key) in room.groups and apart <= SAME_GROUP:
            return 0, f"Same group at the sender, {minutes}."
        if alert.service_id and alert.service_id in room.services and apart <= SAME_SERVICE:
            return 1, f"Same service, {minutes}."
        if apart > NEAR:
            return None
        if alert.service_id and self.below.get(alert.service_id, set()) & room.services:
            return 2, f"A service it depends on or that needs it, {minutes}."
        if alert.name in room.names:
            return 3, f"The same rule elsewhere, {minutes}."
        mine = words_of(alert)
        for name, words in room.names.items():
            if len(mine & words) >= max(2, ALIKE_WORDS * max(len(mine), len(words))):
                return 4, f"Alike words as {name}, {minutes}."
        if room.storm:
            return 5, f"Many incidents at once: taken as one outage, {minutes}."
        return None

    def _again(self, before: Alert, alert: Alert) -> bool:
        ended = before.ends_at or before.starts_at
        return alert.starts_at - ended <= AGAIN

    def _reopened(self, incident: Incident) -> Room | None:
        """The room of an incident; reopened if only the product had closed it."""
        while incident.merged_into:
            incident = incident.merged_into
        known = next((room for room in self.rooms if room.incident.pk == incident.pk), None)
        if known:
            return known
        if incident.status == Incident.Status.RESOLVED:
            last = incident.timeline.filter(kind=TimelineEntry.Kind.STATUS).last()
            if last is None or last.author_id:
                return None
            incident = filing.set_status(incident, Incident.Status.INVESTIGATING)
        room = Room(incident, self.now, set(incident.services.values_list("pk", flat=True)))
        self.rooms.append(room)
        return room

    def _open(self, alert: Alert) -> tuple[Room, str]:
        storm = self.opened_of_late >= STORM
        service = alert.service
        title = alert.summary or alert.name
        if service and service.name.lower() not in title.lower():
            title = f"{service.name}: {title}"
        if storm:
            title = f"Outage: many alerts at once, first {title}"
        tier = service.tier if service else str(Service.Tier.NORMAL)
        labels = {"alertname": alert.name, **({"storm": "true"} if storm else {})}
        incident = filing.file_incident(
            title=title[:300],
            symptom=_symptom(alert),
            services=[service] if service else [],
            severity="SEV1" if storm else severity_of_alert(alert.severity, tier),
            impact_started_at=alert.starts_at,
            detected_at=max(alert.received_at, alert.starts_at),
            labels=labels,
            external_source=self.senders.get(alert.source, alert.source)[:50],
        )
        self.opened_of_late += 1
        services = {row.pk for row in incident.services.all()}
        room = Room(incident, alert.starts_at, services, storm=storm)
        self.rooms.append(room)
        return room, f"It opened {incident.reference}."

    def _write(self) -> None:
        """Timeline entries, one a rule and incident, and services that came with alerts."""
        by_room: dict[int, list[Alert]] = {}
        for alert in self.placed:
            if alert.incident_id:
                by_room.setdefault(alert.incident_id, []).append(alert)
        entries = []
        for pk, alerts in by_room.items():
            seen = set(
                Alert.objects.filter(incident_id=pk)
                .exclude(pk__in=[alert.pk for alert in alerts])
                .values_list("name", flat=True)
            )
            for name, of_rule in _by_name(alerts).items():
                if name in seen:
                    continue
                first, more = of_rule[0], len(of_rule) - 1
                text = f"{name} fires" + (f" on {first.service}" if first.service else "")
                text += f" and {more} more" if more else ""
                entries.append(
                    TimelineEntry(
                        incident_id=pk,
                        at=first.starts_at,
                        kind=TimelineEntry.Kind.ALERT,
                        text=f"{text}. {first.joined_because}",
                    )
                )
        TimelineEntry.objects.bulk_create(entries, batch_size=500)
        for room in self.rooms:
            if room.fresh_services:
                room.incident.services.add(*room.fresh_services)
                # The live tail of the index looks at this time.
                Incident.objects.filter(pk=room.incident.pk).update(updated_at=timezone.now())


def _by_name(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        found.setdefault(alert.name, []).append(alert)
    return found


def _symptom(alert: Alert) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()))
    parts = [escape_markdown(part) for part in (alert.summary, labels) if part]
    return "\n\n".join(parts)[:50_000]

"""Alerts: one row an episode, and the incident it belongs to, with the reason in words.

Written in bulk: a storm of thousands costs a few queries, not thousands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from common.pods import workload_of
from incidents.alerts.grouping import Placing, source_of
from incidents.catalogue.unknown_services import note_seen
from incidents.models import Alert, Integration, Service
from incidents.webhooks.base import AlertEvent

SERVICE_LABELS = (
    "service", "service_name", "app", "application", "app_kubernetes_io_name", "component",
    "deployment", "statefulset", "daemonset", "container", "job", "pod", "host", "instance",
    "namespace", "db", "DBInstanceIdentifier", "LoadBalancer", "FunctionName", "ServiceName",
)  # fmt: skip
"""Labels that may name a service, the surest first."""
SURE_LABELS = SERVICE_LABELS[:5]
"""Those that hold nothing but names of services."""
_PORT = re.compile(r":\d+$")
FLAPS = 4
FLAPPING_WITHIN = timedelta(hours=1)

Told = tuple[Integration, datetime, AlertEvent]


def service_of(event: AlertEvent, known: dict[str, Service]) -> Service | None:
    """The service of the catalogue that an alert is about; `known` is by name in small letters."""
    for name in [event.service, *(event.labels.get(label, "") for label in SERVICE_LABELS)]:
        if not name:
            continue
        lowered = name.lower()
        for candidate in (lowered, workload_of(lowered), _PORT.sub("", lowered)):
            if candidate in known:
                return known[candidate]
    words = f"{event.name} {event.summary}".lower().split()
    named = (word.strip(".,:;()[]'\"!?") for word in words)
    return next((known[word] for word in named if word in known), None)


def _named(event: AlertEvent) -> str:
    """What an alert calls its service, where it says so; empty else."""
    names = [event.service, *(event.labels.get(label, "") for label in SURE_LABELS)]
    return next((workload_of(name) for name in names if name), "")


def take_alerts(told: Sequence[Told]) -> list[str]:
    """Write what senders told, in that order; an outcome in words for each.

    Call it within a transaction, by one worker at a time.
    """
    if not told:
        return []
    known = {service.name.lower(): service for service in Service.objects.all()}
    episodes = _episodes_of(told)
    outcomes, new, changed = [], [], {}
    unplaced = set[str]()
    for integration, received_at, event in told:
        source = source_of(integration)
        past = episodes.setdefault((source, event.fingerprint), [])
        alert = _episode(past, event)
        if alert is None and not event.firing:
            outcomes.append(f"{event.name}: ended before we heard of it")
            continue
        if alert is None:
            alert = _begin(source, integration, received_at, event, known)
            past.append(alert)
            new.append(alert)
            if alert.service is None:
                unplaced.add(_named(event))
            outcomes.append(f"{event.name}: fires")
        elif alert.status == Alert.Status.RESOLVED and event.firing:
            outcomes.append(f"{event.name}: already ended")
            continue
        elif not event.firing and alert.status == Alert.Status.FIRING:
            alert.status = Alert.Status.RESOLVED
            alert.ends_at = max(event.ends_at or received_at, alert.starts_at)
            alert.opens_at = None
            outcomes.append(f"{event.name}: ended")
        else:
            outcomes.append(f"{event.name}: {'still fires' if event.firing else 'already ended'}")
        alert.summary = event.summary or alert.summary
        alert.severity = event.severity or alert.severity
        if alert.pk:
            changed[alert.pk] = alert
    Alert.objects.bulk_create(new, batch_size=1000)
    Alert.objects.bulk_update(
        changed.values(),
        ["status", "ends_at", "opens_at", "summary", "severity"],
        batch_size=1000,
    )
    note_seen(unplaced, "alerts")
    Placing(new).place_all()
    return outcomes


def _episodes_of(told: Sequence[Told]) -> dict[tuple[str, str], list[Alert]]:
    """Known episodes of the fingerprints told of, oldest first: those firing, and the last ones."""
    wanted: dict[str, set[str]] = {}
    for integration, _, event in told:
        wanted.setdefault(source_of(integration), set()).add(event.fingerprint)
    match = Q(pk=None)
    for source, fingerprints in wanted.items():
        match |= Q(source=source, fingerprint__in=fingerprints)
    episodes: dict[tuple[str, str], list[Alert]] = {}
    for alert in Alert.objects.filter(match).order_by("starts_at", "pk"):
        episodes.setdefault((alert.source, alert.fingerprint), []).append(alert)
    return episodes


def _episode(past: list[Alert], event: AlertEvent) -> Alert | None:
    """The episode that an event is about: by its start where the sender says it, else the last."""
    if event.starts_at:
        same = next((alert for alert in past if alert.starts_at == event.starts_at), None)
        if same:
            return same
    firing = next((alert for alert in reversed(past) if alert.status == "firing"), None)
    if firing and event.firing and event.starts_at and event.starts_at > firing.starts_at:
        # The end of the former episode never reached us: the new one says that it came.
        firing.status, firing.ends_at = Alert.Status.RESOLVED, event.starts_at
        firing.save(update_fields=["status", "ends_at"])
        return None
    return firing


def _begin(
    source: str,
    integration: Integration,
    received_at: datetime,
    event: AlertEvent,
    known: dict[str, Service],
) -> Alert:
    starts = min(event.starts_at or received_at, received_at + timedelta(minutes=5))
    alert = Alert(
        source=source,
        fingerprint=event.fingerprint,
        name=event.name[:200],
        summary=event.summary,
        severity=event.severity[:50],
        labels=event.labels,
        service=service_of(event, known) or integration.service,
        starts_at=starts,
        received_at=received_at,
        group_key=event.group_key[:500],
        url=event.url[:1000],
    )
    if not event.firing:
        alert.status, alert.ends_at = Alert.Status.RESOLVED, event.ends_at or received_at
    return alert


def is_flapping(alert: Alert) -> bool:
    """Whether the same rule has fired for the same thing again and again of late."""
    again = Alert.objects.filter(
        source=alert.source,
        fingerprint=alert.fingerprint,
        starts_at__gt=alert.starts_at - FLAPPING_WITHIN,
        starts_at__lte=alert.starts_at,
    )
    return again.count() >= FLAPS

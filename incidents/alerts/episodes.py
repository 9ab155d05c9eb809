"""Stores alerts: one row per episode, then its incident with the reason in words.

Written in bulk: a storm of thousands of alerts costs a few queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from incidents.alerts.grouping import AlertGrouper, source_of
from incidents.alerts.service_names import named_service, service_of
from incidents.alerts.severity import follow_alerts, note_left_out
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.models import Alert, Integration, Service
from incidents.webhooks.base import AlertEvent

FLAPPING_EPISODES = 4
FLAPPING_WITHIN = timedelta(hours=1)
MAX_DESCRIPTION, MAX_LINKS = 20_000, 20

ReceivedAlert = tuple[Integration, datetime, AlertEvent]


def ingest_alerts(received: Sequence[ReceivedAlert]) -> list[str]:
    """Store received alerts in order; returns an outcome in words for each.

    Runs in the caller's transaction, in one worker at a time.
    """
    if not received:
        return []
    known = {service.name.lower(): service for service in Service.objects.all()}
    episodes = _episodes_of(received)
    outcomes, new, changed = [], [], {}
    without_service = set[str]()
    left_out: list[tuple[Alert, int]] = []
    for integration, received_at, event in received:
        source = source_of(integration)
        past = episodes.setdefault((source, event.fingerprint), [])
        alert = _matching_episode(past, event)
        if alert is None and not event.firing:
            outcomes.append(f"{event.name}: ended before it was received")
            continue
        if alert is None:
            alert = _new_alert(source, integration, received_at, event, known)
            past.append(alert)
            new.append(alert)
            if alert.service is None:
                without_service.add(named_service(event))
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
        alert.description = event.description[:MAX_DESCRIPTION] or alert.description
        alert.links = [list(link) for link in event.links[:MAX_LINKS]] or alert.links
        alert.severity = event.severity[:50] or alert.severity
        if event.left_out:
            left_out.append((alert, event.left_out))
        if alert.pk:
            changed[alert.pk] = alert
    Alert.objects.bulk_create(new, batch_size=1000)
    Alert.objects.bulk_update(
        changed.values(),
        ["status", "ends_at", "opens_at", "summary", "description", "links", "severity"],
        batch_size=1000,
    )
    record_unknown_services(without_service, "alerts")
    AlertGrouper(new).group_all()
    follow_alerts({alert.incident_id for alert in changed.values() if alert.incident_id})
    note_left_out({alert.incident_id: n for alert, n in left_out if alert.incident_id})
    return outcomes


def _episodes_of(received: Sequence[ReceivedAlert]) -> dict[tuple[str, str], list[Alert]]:
    """Stored episodes by source and fingerprint of the received alerts, oldest first."""
    wanted: dict[str, set[str]] = {}
    for integration, _, event in received:
        wanted.setdefault(source_of(integration), set()).add(event.fingerprint)
    match = Q(pk=None)
    for source, fingerprints in wanted.items():
        match |= Q(source=source, fingerprint__in=fingerprints)
    episodes: dict[tuple[str, str], list[Alert]] = {}
    for alert in Alert.objects.filter(match).order_by("starts_at", "pk"):
        episodes.setdefault((alert.source, alert.fingerprint), []).append(alert)
    return episodes


def _matching_episode(past: list[Alert], event: AlertEvent) -> Alert | None:
    """The episode of an event: by its start if the sender gives it, else the firing one."""
    if event.starts_at:
        same = next((alert for alert in past if alert.starts_at == event.starts_at), None)
        if same:
            return same
    firing = next((alert for alert in reversed(past) if alert.status == "firing"), None)
    if firing and event.firing and event.starts_at and event.starts_at > firing.starts_at:
        # The end of the previous episode never reached us; the new start implies it.
        firing.status, firing.ends_at = Alert.Status.RESOLVED, event.starts_at
        firing.save(update_fields=["status", "ends_at"])
        return None
    return firing


def _new_alert(
    source: str,
    integration: Integration,
    received_at: datetime,
    event: AlertEvent,
    known: dict[str, Service],
) -> Alert:
    starts = min(event.starts_at or received_at, received_at + timedelta(minutes=5))
    service = service_of(event, known) or integration.service
    labels = event.labels
    if service is None and event.service:
        # So that it can be offered by this name.
        labels = {"service": event.service, **labels}
    alert = Alert(
        source=source,
        fingerprint=event.fingerprint,
        name=event.name[:200],
        summary=event.summary,
        description=event.description[:MAX_DESCRIPTION],
        links=[list(link) for link in event.links[:MAX_LINKS]],
        severity=event.severity[:50],
        labels=labels,
        service=service,
        starts_at=starts,
        received_at=received_at,
        group_key=event.group_key[:500],
        url=event.url[:1000],
        query=event.query,
    )
    if not event.firing:
        alert.status, alert.ends_at = Alert.Status.RESOLVED, event.ends_at or received_at
    return alert


def is_flapping(alert: Alert) -> bool:
    """Whether an alert has fired repeatedly within the last hour."""
    episodes = Alert.objects.filter(
        source=alert.source,
        fingerprint=alert.fingerprint,
        starts_at__gt=alert.starts_at - FLAPPING_WITHIN,
        starts_at__lte=alert.starts_at,
    )
    return episodes.count() >= FLAPPING_EPISODES

"""Stores alerts: one row per episode, then its incident with the reason in words.

Written in bulk: a storm of thousands of alerts costs a few queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from incidents import filing
from incidents.alerts.grouping import AlertGrouper, source_of
from incidents.alerts.heartbeats import receive_heartbeats
from incidents.alerts.service_names import named_service, service_of
from incidents.alerts.severity import follow_alerts, note_left_out
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.models import Alert, Incident, Integration, Service
from incidents.webhooks.base import AlertEvent

FLAPPING_EPISODES = 4
FLAPPING_WITHIN = timedelta(hours=1)
RESENT_WITHIN, RESENT_AFTER_CLOSING = timedelta(hours=25), timedelta(hours=1)
"""An alert that is sent again so soon with a new start is no new episode."""
MAX_DESCRIPTION, MAX_LINKS = 20_000, 20
_UPDATED = [
    "status", "ends_at", "opens_at", "summary", "description", "links", "severity",
    "acknowledged_at", "last_received_at",
]  # fmt: skip

ReceivedAlert = tuple[Integration, datetime, AlertEvent]


def ingest_alerts(received: Sequence[ReceivedAlert]) -> list[str]:
    """Store received alerts in order; returns an outcome in words for each.

    Runs in the caller's transaction, in one worker at a time.
    """
    if not received:
        return []
    known = {service.name.lower(): service for service in Service.objects.all()}
    heartbeats = receive_heartbeats(received)
    episodes = _episodes_of(received)
    outcomes: list[str] = []
    new: list[Alert] = []
    changed: dict[int, Alert] = {}
    without_service = set[str]()
    left_out: list[tuple[Alert, int]] = []
    acknowledged: list[tuple[Alert, Integration]] = []
    for position, (integration, received_at, event) in enumerate(received):
        if position in heartbeats:
            outcomes.append(heartbeats[position])
            continue
        source = source_of(integration)
        past = episodes.setdefault((source, event.fingerprint), [])
        alert = _matching_episode(past, event, received_at)
        if event.acknowledged:
            outcomes.append(_acknowledge(alert, event, received_at))
            # Where the sender says when, and who, it is an act of a pager: pager_acts.py.
            if alert and alert.status == Alert.Status.FIRING and not event.acknowledged_at:
                acknowledged.append((alert, integration))
        elif alert is None and not event.firing:
            ended = _like(episodes, source, event)
            for each in ended:
                _end(each, event, received_at)
            if not ended and (event.starts_at or event.fires_once):
                # It may yet come: a recovery can overtake its alert.
                past.append(_new_alert(source, integration, received_at, event, known))
                new.append(past[-1])
            outcomes.append(f"{event.name}: {'ended' if ended else 'ended before it was received'}")
            changed |= {each.pk: each for each in ended if each.pk}
            continue
        elif alert is None:
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
            _end(alert, event, received_at)
            outcomes.append(f"{event.name}: ended")
        else:
            if event.firing:
                _update(alert, event, received_at)
            outcomes.append(f"{event.name}: {'still fires' if event.firing else 'already ended'}")
        if alert and event.left_out:
            left_out.append((alert, event.left_out))
        if alert and alert.pk:
            changed[alert.pk] = alert
    Alert.objects.bulk_create(new, batch_size=1000)
    Alert.objects.bulk_update(changed.values(), _UPDATED, batch_size=1000)
    record_unknown_services(without_service, "alerts")
    AlertGrouper(new).group_all()
    follow_alerts({alert.incident_id for alert in changed.values() if alert.incident_id})
    note_left_out({alert.incident_id: n for alert, n in left_out if alert.incident_id})
    for alert, integration in acknowledged:
        _acknowledge_incident(alert, integration)
    return outcomes


def _update(alert: Alert, event: AlertEvent, received_at: datetime) -> None:
    """What an alert that still fires says now."""
    alert.summary = event.summary or alert.summary
    alert.description = event.description[:MAX_DESCRIPTION] or alert.description
    alert.links = [list(link) for link in event.links[:MAX_LINKS]] or alert.links
    alert.severity = event.severity[:50] or alert.severity
    alert.last_received_at = received_at


def _end(alert: Alert, event: AlertEvent, received_at: datetime) -> None:
    """End an alert. What it said while it fired stays, and so does how bad it was."""
    alert.status = Alert.Status.RESOLVED
    alert.ends_at = max(event.ends_at or received_at, alert.starts_at)
    alert.opens_at = None
    alert.summary = alert.summary or event.summary
    alert.description = alert.description or event.description[:MAX_DESCRIPTION]
    alert.last_received_at = received_at


def _acknowledge(alert: Alert | None, event: AlertEvent, received_at: datetime) -> str:
    if alert is None or alert.status == Alert.Status.RESOLVED:
        return f"{event.name}: acknowledged, but no alert of it fires"
    at = max(event.acknowledged_at or received_at, alert.starts_at)
    alert.acknowledged_at = min(at, alert.acknowledged_at or at)
    return f"{event.name}: acknowledged"


def _acknowledge_incident(alert: Alert, integration: Integration) -> None:
    """An alert that was acknowledged at its sender acknowledges its incident, once."""
    incident = alert.incident.merge_target if alert.incident else None
    at = alert.acknowledged_at
    if incident is None or at is None:
        return
    open_ones = Incident.objects.exclude(status=Incident.Status.RESOLVED)
    changed = open_ones.filter(pk=incident.pk, acknowledged_at=None).update(
        acknowledged_at=max(at, incident.impact_started_at, incident.detected_at or at),
        updated_at=timezone.now(),
    )
    if changed:
        text = f"{alert.name} was acknowledged in {integration}."
        filing.add_entry(incident, filing.Kind.ALERT, text, at=at)


def _episodes_of(received: Sequence[ReceivedAlert]) -> dict[tuple[str, str], list[Alert]]:
    """Stored episodes by source and fingerprint of the received alerts, oldest first."""
    wanted: dict[str, set[str]] = {}
    like = Q(pk=None)
    for integration, _, event in received:
        wanted.setdefault(source_of(integration), set()).add(event.fingerprint)
        if event.ends_like:
            like |= Q(source=source_of(integration), fingerprint__startswith=event.ends_like)
    match = like & Q(status=Alert.Status.FIRING)
    for source, fingerprints in wanted.items():
        match |= Q(source=source, fingerprint__in=fingerprints)
    episodes: dict[tuple[str, str], list[Alert]] = {}
    rows = Alert.objects.filter(match).select_related("incident")
    for alert in rows.order_by("starts_at", "pk"):
        episodes.setdefault((alert.source, alert.fingerprint), []).append(alert)
    return episodes


def _like(
    episodes: dict[tuple[str, str], list[Alert]], source: str, event: AlertEvent
) -> list[Alert]:
    """The alerts that a recovery ends although none has its fingerprint.

    A recovery that is about one of several does not say which; one that is about all ends all.
    """
    if not event.ends_like:
        return []
    firing = [
        alert
        for (of_source, fingerprint), past in episodes.items()
        if of_source == source and fingerprint.startswith(event.ends_like)
        for alert in past
        if alert.status == Alert.Status.FIRING
    ]
    return firing if len(firing) == 1 or event.fingerprint == event.ends_like else []


def _matching_episode(past: list[Alert], event: AlertEvent, received_at: datetime) -> Alert | None:
    """The episode of an event: by its start if the sender gives it, else the firing one."""
    if event.starts_at:
        same = next((alert for alert in past if alert.starts_at == event.starts_at), None)
        if same:
            return same
    if event.fires_once and past:
        return past[-1]
    firing = next((alert for alert in reversed(past) if alert.status == "firing"), None)
    if firing is None or not event.firing or event.starts_at is None:
        return firing
    if event.starts_at > firing.starts_at and not _is_resent(firing, received_at):
        # The end of the previous episode never reached us; the new start implies it.
        firing.status, firing.ends_at = Alert.Status.RESOLVED, event.starts_at
        firing.opens_at = None
        if firing.pk:
            firing.save(update_fields=["status", "ends_at", "opens_at"])
        return None
    return firing


def _is_resent(firing: Alert, received_at: datetime) -> bool:
    """Whether an alert with a new start is one that fires anyway: some senders say "now"."""
    is_open = firing.incident is None or firing.incident.is_open
    within = RESENT_WITHIN if is_open else RESENT_AFTER_CLOSING
    return received_at - (firing.last_received_at or firing.received_at) <= within


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
        last_received_at=received_at,
        group_key=event.group_key[:500],
        url=event.url[:1000],
        query=event.query,
    )
    if not event.firing:
        alert.status = Alert.Status.RESOLVED
        alert.ends_at = max(event.ends_at or received_at, alert.starts_at)
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

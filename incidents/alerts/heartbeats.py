"""Heartbeats: alerts that open nothing while they come, and an incident when they stay away.

The silence of a heartbeat is an alert of its own, so that it is grouped, ends and is closed as any
other. The check reads everything from the database: it may run twice, late, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from incidents.alerts.grouping import AlertGrouper, source_of
from incidents.models import (
    Alert,
    Delivery,
    HeartbeatRule,
    HeartbeatSender,
    HeartbeatWatch,
    Integration,
)
from incidents.webhooks.base import AlertEvent

STOPPED_AFTER = timedelta(minutes=3)
"""Without a check for this long we were not listening: heartbeats may have come meanwhile."""
SEVERITY = "high"
"""Nothing is known to be broken, but nobody would hear of it."""
SILENCE = "heartbeat "

ReceivedAlert = tuple[Integration, datetime, AlertEvent]


def receive_heartbeats(received: Sequence[ReceivedAlert]) -> dict[int, str]:
    """Note the heartbeats among received alerts: their outcomes in words, by position."""
    rules = list(HeartbeatRule.objects.all())
    outcomes: dict[int, str] = {}
    seen: dict[tuple[int, int, str], tuple[HeartbeatRule, Integration, datetime, AlertEvent]] = {}
    for position, (integration, received_at, event) in enumerate(received):
        rule = _rule_for(rules, integration, event)
        if rule is None:
            continue
        outcomes[position] = _outcome(rule, event)
        key = (rule.pk, integration.pk, event.fingerprint)
        if event.firing and (key not in seen or seen[key][2] < received_at):
            seen[key] = (rule, integration, received_at, event)
    for rule, integration, received_at, event in seen.values():
        _note(rule, integration, received_at, event)
    return outcomes


def _rule_for(
    rules: Iterable[HeartbeatRule], integration: Integration, event: AlertEvent
) -> HeartbeatRule | None:
    """The rule for an alert: one for its integration before one for all."""
    matching = [rule for rule in rules if rule.matches(integration.pk, event.name)]
    own = [rule for rule in matching if rule.integration_id]
    return next(iter([*own, *matching]), None)


def _outcome(rule: HeartbeatRule, event: AlertEvent) -> str:
    if rule.interval is None:
        return f"{event.name}: opens nothing, by the rule {rule.pattern}"
    if not event.firing:
        return f"{event.name}: a heartbeat that ended; if it does not come again, it is missed"
    return f"{event.name}: a heartbeat; it opens nothing while it comes"


def _note(
    rule: HeartbeatRule, integration: Integration, received_at: datetime, event: AlertEvent
) -> None:
    sender, new = HeartbeatSender.objects.get_or_create(
        rule=rule,
        integration=integration,
        fingerprint=event.fingerprint,
        defaults={
            "name": event.name[:200],
            "labels": event.labels,
            "last_seen_at": received_at,
            "watched_since": received_at,
        },
    )
    if not new and sender.last_seen_at < received_at:
        sender.last_seen_at = received_at
        sender.save(update_fields=["last_seen_at"])
    # What fired before the rule was made would fire for ever.
    of_alert = Q(source=source_of(integration), fingerprint=event.fingerprint)
    silence = Q(source=rule.alert_source, fingerprint=sender.silence_fingerprint)
    _end(Alert.objects.filter(of_alert | silence, status=Alert.Status.FIRING), received_at)


def _end(alerts: Iterable[Alert], at: datetime) -> None:
    for alert in alerts:
        alert.status, alert.opens_at = Alert.Status.RESOLVED, None
        alert.ends_at = max(at, alert.starts_at)
        alert.save(update_fields=["status", "ends_at", "opens_at"])


@transaction.atomic
def check_heartbeats() -> int:
    """Open what heartbeats that stay away open; returns how many became silent.

    Silence counts from when a heartbeat last came, its rule was changed or we began to listen
    again, whichever was last; a delivery that still waits may hold it.
    """
    now = timezone.now()
    listening_since = _listening_since(now)
    watched = HeartbeatSender.objects.filter(rule__interval__isnull=False)
    watched.filter(integration__enabled=False).update(watched_since=now)
    senders = list(
        watched.filter(integration__enabled=True).select_related("rule__service", "integration")
    )
    firing = {
        (alert.source, alert.fingerprint): alert
        for alert in Alert.objects.filter(
            source__startswith=SILENCE, status=Alert.Status.FIRING
        ).order_by("pk")
    }
    known = {(each.rule.alert_source, each.silence_fingerprint) for each in senders}
    _end((alert for key, alert in firing.items() if key not in known), now)
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
    until = min(now, waiting.aggregate(first=Min("received_at"))["first"] or now)
    silent = []
    for sender in senders:
        interval = sender.interval
        key = (sender.rule.alert_source, sender.silence_fingerprint)
        if interval is None or key in firing:
            continue
        since = max(
            sender.last_seen_at, sender.watched_since, sender.rule.changed_at, listening_since
        )
        if since + interval <= until:
            silent.append(_silence(sender, since + interval, now))
    Alert.objects.bulk_create(silent)
    AlertGrouper(silent).group_all()
    return len(silent)


def _listening_since(now: datetime) -> datetime:
    """Since when we check without a break. The row is locked: one check at a time."""
    watch, _ = HeartbeatWatch.objects.select_for_update().get_or_create(
        pk=1, defaults={"checked_at": now, "listening_since": now}
    )
    if now - watch.checked_at > STOPPED_AFTER:
        watch.listening_since = now
    watch.checked_at = now
    watch.save(update_fields=["checked_at", "listening_since"])
    return watch.listening_since


def _silence(sender: HeartbeatSender, at: datetime, now: datetime) -> Alert:
    minutes = sender.rule.interval
    about = {name: value for name, value in sender.labels.items() if name != "severity"}
    return Alert(
        source=sender.rule.alert_source,
        fingerprint=sender.silence_fingerprint,
        name=f"No heartbeat “{sender.name}” from {sender.integration} for {minutes} min"[:200],
        description=(
            f"“{sender.name}” last came at {sender.last_seen_at:%Y-%m-%d %H:%M} UTC; the rule "
            f"“{sender.rule.pattern}” expects it at least every {minutes} min. While it stays "
            f"away, alerts of {sender.integration} may not reach us. It ends when it comes again."
        ),
        severity=SEVERITY,
        labels={**about, "alertname": sender.name},
        service=sender.rule.service,
        starts_at=at,
        received_at=now,
        group_key=f"integration {sender.integration_id}",
    )


def sender_states(senders: Iterable[HeartbeatSender]) -> dict[int, str]:
    """By primary key: "silent", "coming", or "not watched" where silence means nothing."""
    firing = set(
        Alert.objects.filter(source__startswith=SILENCE, status=Alert.Status.FIRING).values_list(
            "source", "fingerprint"
        )
    )
    return {
        sender.pk: "silent"
        if (sender.rule.alert_source, sender.silence_fingerprint) in firing
        else "coming"
        if sender.rule.interval and sender.integration.enabled
        else "not watched"
        for sender in senders
    }


@transaction.atomic
def forget_sender(sender: HeartbeatSender) -> None:
    """Forget a sender that will not come again, and end its silence."""
    silence = Alert.objects.filter(
        source=sender.rule.alert_source,
        fingerprint=sender.silence_fingerprint,
        status=Alert.Status.FIRING,
    )
    _end(silence, timezone.now())
    sender.delete()

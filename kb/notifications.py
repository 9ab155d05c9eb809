"""Which events are posted to which channels, when, and their delivery with retries.

What a notification says is in `notification_text.py`.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.leased_jobs import claim, claimable, finish, retry_later
from common.site_url import public_url
from incidents.events.outbox import KINDS
from incidents.models import Event, Incident
from incidents.permissions import Nobody, can_see
from kb.chat import registry
from kb.chat.base import OutboundRequest
from kb.chatops.outbound import NotSent, send
from kb.models import NotificationDelivery, NotificationRule
from kb.notification_text import notification_data, notification_text

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 8
BATCH = 200


def deliver_due(seconds: float = 8.0) -> int:
    """Create the deliveries of new events and send those that are due; returns how many were sent.

    After a failure the other deliveries of that workspace wait for the next run, so that a slow
    platform does not delay the others.
    """
    while create_deliveries() == BATCH:
        pass
    deadline, failed_workspaces, sent = monotonic() + seconds, set[int](), 0
    due = NotificationDelivery.objects.filter(claimable()).order_by("not_before")
    for pk, workspace in due.values_list("pk", "rule__workspace")[:BATCH]:
        if monotonic() > deadline:
            break
        if workspace in failed_workspaces:
            continue
        if deliver(pk):
            sent += 1
        else:
            failed_workspaces.add(workspace)
    return sent


@transaction.atomic
def create_deliveries() -> int:
    """Match new events with the rules; returns how many events were new.

    Safe to run twice and concurrently: an event is locked, and has one delivery per rule.
    """
    events = list(
        Event.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(planned_at=None)
        .select_related("incident")[:BATCH]
    )
    rules = list(
        NotificationRule.objects.filter(workspace__enabled=True).select_related("workspace")
    )
    now = timezone.now()
    deliveries = [
        NotificationDelivery(rule=rule, event=event, not_before=send_time(rule, event, now))
        for event in events
        for rule in rules
        if matches(rule, event)
    ]
    NotificationDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    Event.objects.filter(pk__in=[event.pk for event in events]).update(planned_at=now)
    return len(events)


def matches(rule: NotificationRule, event: Event) -> bool:
    """Whether a rule selects an event. Channels get nothing of private incidents."""
    incident = event.incident
    if event.kind not in rule.events or not can_see(Nobody(), incident):
        return False
    if not Incident.Severity(incident.severity).is_at_least(rule.severity):
        return False
    teams = incident.services.values_list("owner_team", flat=True)
    return not rule.team or rule.team.lower() in {team.lower() for team in teams}


def send_time(rule: NotificationRule, event: Event, now: datetime) -> datetime:
    """Now, or the end of the quiet hours; SEV1 does not wait where the rule says so."""
    if rule.quiet_from is None or rule.quiet_until is None:
        return now
    if rule.sev1_breaks_quiet and event.incident.severity == Incident.Severity.SEV1:
        return now
    local = now.astimezone(ZoneInfo(rule.zone))
    if not is_quiet(rule.quiet_from, rule.quiet_until, local.time()):
        return now
    end = local.replace(
        hour=rule.quiet_until.hour, minute=rule.quiet_until.minute, second=0, microsecond=0
    )
    # Quiet hours over midnight end tomorrow. In local time, whatever daylight saving does.
    return end if end > local else end + timedelta(days=1)


def is_quiet(start: time, end: time, at: time) -> bool:
    if start == end:
        return False
    return start <= at < end if start < end else at >= start or at < end


def check_rule(rule: NotificationRule) -> None:
    """Raises ValidationError by field name, also for what the database cannot check."""
    problems: dict[str, Any] = {}
    unknown = [kind for kind in rule.events if kind not in KINDS]
    if unknown or not rule.events:
        problems["events"] = f"Choose at least one of {', '.join(KINDS)}."
    if rule.zone not in available_timezones():
        problems["zone"] = "Write a zone such as Europe/Berlin."
    if problems:
        raise ValidationError(problems)
    rule.full_clean()


def deliver(pk: int) -> bool:
    """Send one notification; returns whether it was sent. A failure is retried with growing delays,
    MAX_ATTEMPTS times within some minutes."""
    deliveries = NotificationDelivery.objects.select_related("rule__workspace", "event__incident")
    delivery = claim(deliveries, pk, LEASE)
    if delivery is None:
        return False
    if not can_see(Nobody(), delivery.event.incident):
        finish(delivery, "The incident became private.")
        return False
    try:
        request = _request_for(delivery)
        if request is None:
            finish(delivery, "This workspace has no way to post: see its settings.")
            return False
        send(delivery.rule.workspace, request)
    except (NotSent, ValueError, KeyError) as error:
        if delivery.attempts >= MAX_ATTEMPTS:
            finish(delivery, str(error))
        else:
            retry_later(delivery, str(error))
        return False
    finish(delivery)
    return True


def _request_for(delivery: NotificationDelivery) -> OutboundRequest | None:
    workspace, base = delivery.rule.workspace, public_url()
    plugin = registry().get(workspace.kind)
    if plugin is None:
        return None
    return plugin().notify(
        notification_text(delivery.event),
        notification_data(delivery.event, base),
        delivery.rule.channel,
        workspace.secrets,
        workspace.settings,
        base,
    )


def deliver_again(delivery: NotificationDelivery) -> None:
    """Put a delivery back to its beginning, whatever became of it."""
    delivery.requeue()
    delivery.save()

"""Which events are posted to which channels, when, and their delivery with retries.

What a notification says is in `notification_text.py`. A message about a new incident carries the
answer from history (`answers.py`); when that changes, a reply says so in the same thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.counting import Counts
from common.leased_jobs import PENDING, claim, claimable, finish, retry_later
from common.log_context import logging_about
from common.redaction import redact
from common.site_url import public_url
from common.viewer import Viewer
from incidents.events import outbox
from incidents.events.outbox import KINDS
from incidents.models import Alert, Event, Incident
from kb import answers
from kb.chat import registry
from kb.chat.base import Destination, Outbound
from kb.chatops.outbound import NotSent, send
from kb.models import NotificationDelivery, NotificationRule, StatedAnswer, Workspace
from kb.notification_text import notification_data, notification_text

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 8
BATCH = 200
SO_ALREADY = "It is so there already."
SENT = Counts(
    "notifications", "Notifications by chat platform and outcome.", ["platform", "outcome"]
)


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
        outcome = deliver(pk)
        if outcome:
            sent += 1
        elif outcome is False:
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
        if outbox.is_public(event)
        for rule in rules
        if matches(rule, event)
    ]
    NotificationDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    Event.objects.filter(pk__in=[event.pk for event in events]).update(planned_at=now)
    return len(events)


def matches(rule: NotificationRule, event: Event) -> bool:
    """Whether a rule selects an event that is public.

    A changed answer also goes to those who can read it in the thread of the message before.
    """
    incident = event.incident
    if event.kind == answers.CHANGED:
        if _has_current_answer(rule, incident):
            return False
        if thread_of(rule, incident) or _notice_is_pending(rule, incident):
            return True
    if event.kind not in rule.events or not _has_destination(rule, event):
        return False
    if not Incident.Severity(incident.severity).is_at_least(rule.severity):
        return False
    teams = incident.services.exclude(owner=None).values_list("owner__name", flat=True)
    return not rule.team or rule.team.lower() in {team.lower() for team in teams}


def _about(rule: NotificationRule, incident: Incident) -> QuerySet[NotificationDelivery]:
    return NotificationDelivery.objects.filter(rule=rule, event__incident=incident)


def _posted(rule: NotificationRule, incident: Incident) -> QuerySet[NotificationDelivery]:
    """The messages about an incident that carried an answer, the oldest first."""
    rows = _about(rule, incident).filter(state=NotificationDelivery.State.DONE)
    return rows.exclude(answer="").order_by("finished_at", "pk")


def thread_of(rule: NotificationRule, incident: Incident) -> str:
    """The id of the message that later ones about an incident reply to; empty without one."""
    first = _posted(rule, incident).exclude(message_id="").first()
    return first.message_id if first else ""


def _notice_is_pending(rule: NotificationRule, incident: Incident) -> bool:
    """Whether the message about a new incident is yet to be sent, or is being sent right now."""
    rows = _about(rule, incident).filter(state__in=PENDING)
    return rows.filter(event__kind="incident.filed").exists()


def _has_current_answer(rule: NotificationRule, incident: Incident) -> bool:
    """Whether the channel's last message says what is stated, and no other is on its way."""
    last = _posted(rule, incident).last()
    stated = StatedAnswer.objects.filter(incident=incident).first()
    if last is None or stated is None or last.answer != stated.key:
        return False
    return not _about(rule, incident).filter(state__in=PENDING).exists()


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
    plugin = registry().get(rule.workspace.kind)
    if plugin and plugin.takes and not set(rule.events) & set(plugin.takes):
        shown = ", ".join(f"“{KINDS[kind]}”" for kind in plugin.takes)
        problems["events"] = f"{plugin.title} takes nothing but {shown}."
    if plugin and (problem := plugin().channel_problem(rule.channel)):
        problems["channel"] = problem
    if problems:
        raise ValidationError(problems)
    rule.full_clean()


def deliver(pk: int) -> bool | None:
    """Send one notification; returns whether it was sent, None where there was nothing to send.

    A failure is retried with growing delays, MAX_ATTEMPTS times within some minutes.
    """
    deliveries = NotificationDelivery.objects.select_related("rule__workspace", "event__incident")
    delivery = claim(deliveries, pk, LEASE)
    if delivery is None:
        return False
    with logging_about(incident_id=delivery.event.incident_id):
        return _deliver(delivery)


def _deliver(delivery: NotificationDelivery) -> bool | None:
    platform = delivery.rule.workspace.kind
    if not outbox.is_public(delivery.event):
        finish(delivery, "What it is about became private.")
        SENT.add(platform, "withheld")
        return False
    answer, key = None, ""
    if answers.carries_answer(delivery.event):
        answer, key = answers.state_answer(delivery.event.incident)
    if delivery.event.kind == answers.CHANGED:
        rule, incident = delivery.rule, delivery.event.incident
        if _notice_is_pending(rule, incident):
            retry_later(delivery, "It follows the message about the new incident.")
            return None
        if not _is_news(rule, incident, key):
            _finish(delivery, note="The channel has this answer already.")
            return None
    try:
        requests = _requests_for(delivery, answer)
        if requests is None:
            finish(delivery, "This workspace has no way to post: see its settings.")
            SENT.add(platform, "failed")
            return False
        if not requests:
            _finish(delivery, note=SO_ALREADY)
            return None
        responses = [send(delivery.rule.workspace, each) for each in requests]
    except (NotSent, ValueError, KeyError) as error:
        wait = error.wait if isinstance(error, NotSent) else 0.0
        if delivery.attempts >= MAX_ATTEMPTS:
            finish(delivery, str(error))
            SENT.add(platform, "failed")
        else:
            retry_later(delivery, str(error), timedelta(seconds=wait))
            SENT.add(platform, "retried")
        if wait:
            _postpone(delivery.rule.workspace, wait)
        return False
    message_id = registry()[platform]().message_id(requests[-1], responses[-1])
    _finish(delivery, message_id=message_id[:250], answer=key)
    SENT.add(platform, "sent")
    return True


def _postpone(workspace: Workspace, seconds: float) -> None:
    """Send nothing to a workspace for a while: its platform limits how often we may."""
    until = timezone.now() + timedelta(seconds=seconds)
    waiting = NotificationDelivery.objects.filter(
        rule__workspace=workspace, state=NotificationDelivery.State.WAITING, not_before__lt=until
    )
    waiting.update(not_before=until)


def _is_news(rule: NotificationRule, incident: Incident, key: str) -> bool:
    """Whether the channel's last message about the incident carried another answer than `key`, and
    this one can be read beside it or was chosen in the rule."""
    last = _posted(rule, incident).last()
    readable = answers.CHANGED in rule.events or thread_of(rule, incident)
    return bool(key and readable) and (last is None or last.answer != key)


@transaction.atomic
def _finish(
    delivery: NotificationDelivery, *, message_id: str = "", answer: str = "", note: str = ""
) -> None:
    done = finish(delivery)
    if done is not None:
        done.message_id, done.answer, done.error = message_id, answer, note
        done.save()


def _requests_for(
    delivery: NotificationDelivery, answer: answers.Answer | None
) -> Sequence[Outbound] | None:
    """What to send, in order; empty for nothing to change there, None where there is no way."""
    rule, event, base = delivery.rule, delivery.event, public_url()
    plugin = registry().get(rule.workspace.kind)
    if plugin is None:
        return None
    thread = thread_of(rule, event.incident) if event.kind == answers.CHANGED else ""
    acts = rule.workspace.settings.get("acts")
    to = Destination(
        _record_of_alert(event.incident, note_on) if (note_on := plugin.note_on) else rule.channel,
        rule.workspace.secrets,
        rule.workspace.settings,
        base,
        address=f"{base}/chat/{rule.workspace.slug}/",
        topic=event.incident.reference if answers.carries_answer(event) else "",
        subject=redact(str(event.incident)),
        thread=thread,
        records=_records_to_change(event, note_on) if note_on and acts else (),
    )
    wanted = plugin().notify(
        notification_text(event, answer, reply=bool(thread)),
        notification_data(event, base, answer),
        to,
    )
    return wanted if wanted is None or isinstance(wanted, Sequence) else [wanted]


def _has_destination(rule: NotificationRule, event: Event) -> bool:
    plugin = registry().get(rule.workspace.kind)
    if plugin and plugin.takes and event.kind not in plugin.takes:
        return False
    note_on = plugin.note_on if plugin else ""
    return not note_on or bool(_record_of_alert(event.incident, note_on))


def _record_of_alert(incident: Incident, kind: str) -> str:
    """The sender's id of the first alert of an incident that came by integrations of `kind`."""
    return _records(incident, kind).first() or ""


def _records(incident: Incident, kind: str, **of: Any) -> QuerySet[Any, str]:
    alerts = incident.alerts.filter(source__startswith=f"{kind} ", **of)
    return alerts.order_by("starts_at", "pk").values_list("fingerprint", flat=True)


def _records_to_change(event: Event, kind: str) -> Sequence[str]:
    """The records that are not yet as the event says, as far as their pager reported it to us.

    So what a pager did itself does not go back to it.
    """
    of: dict[str, Any] = {"status": Alert.Status.FIRING}
    if event.kind == "incident.acknowledged":
        of["acknowledged_at"] = None
    return list(dict.fromkeys(_records(event.incident, kind, **of)))


def shown_deliveries(viewer: Viewer) -> QuerySet[NotificationDelivery]:
    """Deliveries, but for those about what `viewer` may not see, or what became private since."""
    events = outbox.visible_events(viewer).filter(incident__private=False)
    return NotificationDelivery.objects.filter(event__in=events.values("pk"))


def deliver_again(delivery: NotificationDelivery) -> None:
    """Put a delivery back to its beginning, whatever became of it."""
    delivery.requeue()
    delivery.save()

"""From events to messages: which rules want one told, when, and the telling itself."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.leased_jobs import claim, put_back, settle, workable
from common.redaction import redacted
from common.site_url import public_address
from incidents.events.outbox import KINDS
from incidents.models import Event, Incident
from incidents.permissions import Nobody, can_see
from kb.chat import registry
from kb.chat.base import Answer, Call, Item
from kb.chatops.outbound import NotSent, send
from kb.chatops.redaction import redacted_answer
from kb.models import Rule, Telling

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 8
BATCH = 200


@transaction.atomic
def plan() -> int:
    """Ask the rules about every event they were not asked about; how many there were.

    Safe to run twice and at once: an event is taken by one, and a rule tells it once.
    """
    rows = list(
        Event.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(planned_at=None)
        .select_related("incident")[:BATCH]
    )
    rules = list(Rule.objects.filter(workspace__enabled=True).select_related("workspace"))
    now = timezone.now()
    tellings = [
        Telling(rule=rule, event=event, not_before=due(rule, event, now))
        for event in rows
        for rule in rules
        if wanted(rule, event)
    ]
    Telling.objects.bulk_create(tellings, ignore_conflicts=True)
    Event.objects.filter(pk__in=[event.pk for event in rows]).update(planned_at=now)
    return len(rows)


def wanted(rule: Rule, event: Event) -> bool:
    """Whether a rule wants an event told. A channel is told nothing that not everybody may see."""
    incident = event.incident
    if event.kind not in rule.events or not can_see(Nobody(), incident):
        return False
    if not Incident.Severity(incident.severity).is_at_least(rule.severity):
        return False
    teams = incident.services.values_list("owner_team", flat=True)
    return not rule.team or rule.team.lower() in {team.lower() for team in teams}


def due(rule: Rule, event: Event, now: datetime) -> datetime:
    """Now, or when the quiet hours end; SEV1 does not wait where the rule says so."""
    if rule.quiet_from is None or rule.quiet_until is None:
        return now
    if rule.sev1_breaks_quiet and event.incident.severity == Incident.Severity.SEV1:
        return now
    zone = ZoneInfo(rule.zone)
    local = now.astimezone(zone)
    if not is_quiet(rule.quiet_from, rule.quiet_until, local.time()):
        return now
    end = local.replace(
        hour=rule.quiet_until.hour, minute=rule.quiet_until.minute, second=0, microsecond=0
    )
    # Over midnight the end is tomorrow's. By the clock on the wall, whatever summer time does.
    return end if end > local else (end + timedelta(days=1))


def is_quiet(start: time, end: time, at: time) -> bool:
    if start == end:
        return False
    return start <= at < end if start < end else at >= start or at < end


def check_rule(rule: Rule) -> None:
    """Raises ValidationError by field name for what the database cannot check."""
    problems: dict[str, Any] = {}
    unknown = [kind for kind in rule.events if kind not in KINDS]
    if unknown or not rule.events:
        problems["events"] = f"Choose at least one of {', '.join(KINDS)}."
    if rule.zone not in available_timezones():
        problems["zone"] = "Write a zone such as Europe/Berlin."
    if problems:
        raise ValidationError(problems)
    rule.full_clean()


def message(event: Event) -> Answer:
    incident = event.incident
    services = ", ".join(service.name for service in incident.services.all())
    line = " · ".join(filter(None, [incident.severity, incident.get_status_display(), services]))
    item = Item(str(incident), incident.get_absolute_url(), [line])
    items = [item]
    if event.path != incident.get_absolute_url():
        items.append(Item(event.text, event.path))
    text = f"{KINDS.get(event.kind, event.kind)}: {event.text}"
    return redacted_answer(Answer(text, items, whisper=False))


def _call(telling: Telling) -> Call | None:
    rule, event = telling.rule, telling.event
    workspace, base = rule.workspace, public_address()
    plugin = registry().get(workspace.kind)
    if plugin is None:
        return None
    return plugin().notify(
        message(event), event_as_data(event, base), rule.channel, workspace.secrets,
        workspace.settings, base,
    )  # fmt: skip


def event_as_data(event: Event, base: str = "") -> dict[str, Any]:
    incident = event.incident
    return {
        "id": event.pk,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "text": redacted(event.text),
        "url": f"{base}{event.path}",
        "incident": {
            "id": incident.pk,
            "reference": incident.reference,
            "title": redacted(incident.title),
            "severity": incident.severity,
            "status": incident.status,
        },
    }


def deliver(pk: int) -> bool:
    """Tell one; whether it got there. Tried again with growing pauses, some minutes in all."""
    telling = claim(Telling.objects.select_related("rule__workspace", "event__incident"), pk, LEASE)
    if telling is None:
        return False
    if not can_see(Nobody(), telling.event.incident):
        settle(telling, "The incident became private.")
        return False
    try:
        call = _call(telling)
        if call is None:
            settle(telling, "This workspace has nothing to post with: see its settings.")
            return False
        send(telling.rule.workspace, call)
    except (NotSent, ValueError, KeyError) as error:
        if telling.attempts >= MOST_ATTEMPTS:
            settle(telling, str(error))
        else:
            put_back(telling, str(error))
        return False
    settle(telling)
    return True


def work(seconds: float = 8.0) -> int:
    """Plan and tell what is due, for some seconds; how many got there.

    A workspace that does not answer is left alone until the next time, so that it keeps nobody
    else waiting.
    """
    while plan() == BATCH:
        pass
    until, silent, told = monotonic() + seconds, set[int](), 0
    due_now = Telling.objects.filter(workable()).order_by("not_before")
    for pk, workspace in due_now.values_list("pk", "rule__workspace")[:BATCH]:
        if monotonic() > until:
            break
        if workspace in silent:
            continue
        if deliver(pk):
            told += 1
        else:
            silent.add(workspace)
    return told


def replay(telling: Telling) -> None:
    """Tell it once more, from the beginning."""
    telling.ask_again()
    telling.save()

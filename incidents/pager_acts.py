"""What people do in a pager with a record whose alert is here, taken over to its incident.

Each act counts once, by the pager's own id of it, whenever and however often it comes. People are
known by their mail address, or by what `PEOPLE` knows of the pager's ids. Who has no account is
named on the timeline; no account is made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.errors import error_text
from common.markdown import escape_markdown
from common.registry import Registry
from incidents import filing, responders
from incidents.alerts.grouping import source_of
from incidents.merging import merge
from incidents.models import Alert, Incident, Integration, PagerAct
from incidents.responders import Part
from incidents.webhooks.base import AlertEvent, PagerEvent, PagerPerson

PEOPLE: Registry[Callable[[str, str], User | None]] = Registry("ways to find people of pagers")
"""Whose account a kind of pager means by its id of a person."""
ECHOES: Registry[Callable[[str, Incident, datetime], bool]] = Registry("acts of our own")
"""Whether we sent a kind of pager the acknowledgement of an incident around a time."""
WAITS = timedelta(minutes=5)
"""By so much an act may overtake the alert that it is about."""
LOOKED_UP_FOR = timedelta(days=1)
"""So long after an act its person is looked up."""


@dataclass(frozen=True)
class Outcome:
    text: str
    waits: bool = False
    """Its alert is not here yet: worth another try."""


@dataclass(frozen=True)
class _Act:
    """An act with what it is about, and who that is here."""

    event: PagerEvent
    integration: Integration
    alert: Alert
    incident: Incident
    at: datetime
    by: User | None
    about: User | None
    """The account of whom it makes owner or responder."""

    def say(self, text: str) -> None:
        plain = escape_markdown(text[:2000])
        filing.add_entry(self.incident, filing.Kind.ALERT, plain, self.by, self.at)

    @property
    def person(self) -> PagerPerson:
        return self.event.about or self.event.by


def act_of_acknowledgement(event: AlertEvent) -> PagerEvent | None:
    """The act of an alert that was acknowledged; None where its sender gives no time of it."""
    if not event.acknowledged or event.acknowledged_at is None:
        return None
    key = f"acknowledge {event.fingerprint} {event.acknowledged_at.isoformat()}"
    return PagerEvent(
        "acknowledge", event.fingerprint, key[-200:], event.acknowledged_at, event.acknowledged_by
    )


@transaction.atomic
def take_over(integration: Integration, event: PagerEvent, received_at: datetime) -> Outcome:
    """Apply an act to the incident of its alert. Repeating it is harmless."""
    source = source_of(integration)
    alert = _alert_of(source, event.record, event.at)
    if alert is None:
        recent = timezone.now() - received_at < WAITS
        return Outcome(f"{event.act}: no alert of it is here", waits=recent)
    incident = _incident_of(alert)
    if incident is None:
        return Outcome(f"{event.act}: {alert.name} belongs to no incident")
    person = event.about or event.by
    about = account(integration.kind, person)
    unknown = person.id if about is None and event.act in FOR_PEOPLE else ""
    at = min(event.at or received_at, timezone.now())
    row, is_new = PagerAct.objects.get_or_create(
        source=source,
        external_id=event.id[:200],
        defaults={"incident": incident, "act": event.act, "at": at, "person": unknown[:100]},
    )
    if not is_new:
        return Outcome(f"{event.act}: taken over before")
    by = account(integration.kind, event.by) if event.about else about
    act = _Act(event, integration, alert, incident, at, by, about)
    try:
        # What a person may not do here is undone alone.
        with transaction.atomic():
            what = ACTS[event.act](act, row)
    except ValidationError as error:
        what = error_text(error)
    return Outcome(f"{event.act} of {incident.reference}: {what}")


def _alert_of(source: str, record: str, at: datetime | None) -> Alert | None:
    """The newest episode of a record that had begun by then, or else its first one."""
    rows = Alert.objects.filter(source=source, fingerprint=record).select_related("incident")
    begun = rows.filter(starts_at__lte=at) if at else rows
    return begun.order_by("starts_at").last() or rows.order_by("starts_at").first()


def _incident_of(alert: Alert) -> Incident | None:
    return alert.incident.merge_target if alert.incident else None


def account_of(address: str) -> User | None:
    """The active account with this mail address; None where there is none, or several."""
    if not address:
        return None
    found = list(User.objects.filter(email__iexact=address, is_active=True)[:2])
    return found[0] if len(found) == 1 else None


def account(kind: str, person: PagerPerson) -> User | None:
    """The account of a person of a pager."""
    if person.email:
        return account_of(person.email)
    found = (find(kind, person.id) for find in PEOPLE.values()) if person.id else ()
    return next((user for user in found if user is not None), None)


def _acknowledge(act: _Act, row: PagerAct) -> str:
    kind, incident = act.integration.kind, act.incident
    if any(is_echo(kind, incident, act.at) for is_echo in ECHOES.values()):
        PagerAct.objects.filter(pk=row.pk).update(person="")
        return "we did this ourselves"
    _detect_before(act)
    how = f"by {act.person} in {act.integration}"
    _change_people(row.act, incident, act.about, act.at, how=how)
    return "acknowledged"


def _detect_before(act: _Act) -> None:
    """Where its report was late: the pager called people before we heard of it."""
    incident = filing.locked(act.incident)
    if incident.detected_at and act.alert.starts_at <= act.at < incident.detected_at:
        began = max(act.alert.starts_at, incident.impact_started_at)
        incident.detected_at = min(began, act.at)
        incident.save()


def _note(act: _Act, row: PagerAct) -> str:
    by = "" if act.by else escape_markdown(f"{act.event.by} in {act.integration}:")
    filing.add_note(act.incident, f"{by} {act.event.text}", act.by, act.at)
    return "a note"


def _unacknowledge(act: _Act, row: PagerAct) -> str:
    """What a person takes back is so here too. Where time ran out, the first acknowledgement
    stays: it is what the time to acknowledge is measured by."""
    how = f"by {act.event.by} in {act.integration}"
    acknowledged = PagerAct.objects.filter(
        source=row.source, incident=act.incident, act="acknowledge"
    )
    if acknowledged.filter(at__gt=act.at).exists():
        return "it was acknowledged again since"
    Alert.objects.filter(pk=act.alert.pk).update(acknowledged_at=None)
    if act.event.by and acknowledged.exists():
        responders.withdraw_acknowledgement(act.incident, act.by, how)
        return "withdrawn"
    act.say(f"{act.alert.name} is no longer acknowledged in {act.integration}.")
    return "noted"


def _own(act: _Act, row: PagerAct) -> str:
    if _has_later_owner(act.incident, act.at):
        PagerAct.objects.filter(pk=row.pk).update(person="")
        return "somebody else was made its owner since"
    if act.about is None:
        act.say(f"{act.person} owns {act.alert.name} in {act.integration}.")
        return f"{act.person} has no account here"
    _change_people(row.act, act.incident, act.about, act.at, act.by)
    return f"owner: {act.about}"


def _respond(act: _Act, row: PagerAct) -> str:
    if act.about is None:
        act.say(f"{act.person} was called to help in {act.integration}.")
        return f"{act.person} has no account here"
    _change_people(row.act, act.incident, act.about, act.at, act.by)
    return f"responder: {act.about}"


def _decline(act: _Act, row: PagerAct) -> str:
    act.say(f"{act.person} declined to help in {act.integration}.")
    _change_people(row.act, act.incident, act.about, act.at, act.by)
    return "declined"


def _escalate(act: _Act, row: PagerAct) -> str:
    to = f" to {act.event.text}" if act.event.text else ""
    act.say(f"{act.alert.name} was escalated{to} in {act.integration}.")
    return "noted"


def _merge(act: _Act, row: PagerAct) -> str:
    """Only an incident that is about nothing else becomes part of the other."""
    other = _alert_of(act.alert.source, act.event.into, None)
    into = _incident_of(other) if other else None
    if into is None:
        return "what it was merged into is not here"
    if into.pk == act.incident.pk:
        return "both are of one incident here"
    rest = act.incident.alerts.exclude(source=act.alert.source, fingerprint=act.event.record)
    if act.incident.reporter_id or rest.exists():
        act.say(f"{act.alert.name} was merged with one of {into.reference} in {act.integration}.")
        return f"it is about more than that, and stays apart from {into.reference}"
    merge(into, act.incident, act.by)
    return f"merged into {into.reference}"


ACTS: dict[str, Callable[[_Act, PagerAct], str]] = {
    "acknowledge": _acknowledge,
    "note": _note,
    "unacknowledge": _unacknowledge,
    "own": _own,
    "respond": _respond,
    "decline": _decline,
    "escalate": _escalate,
    "merge": _merge,
}
FOR_PEOPLE = ("acknowledge", "own", "respond", "decline")
"""Acts that change who works on an incident."""


def _change_people(
    act: str,
    incident: Incident,
    person: User | None,
    at: datetime,
    by: User | None = None,
    how: str = "",
) -> None:
    """Apply one of FOR_PEOPLE. Raises ValidationError if the person may not see the incident."""
    if act == "acknowledge":
        responders.acknowledge(incident, person, at, how)
    elif person is None:
        return
    elif act == "own":
        responders.assign_owner(incident, person, by)
    elif act == "respond":
        responders.add_person(incident, person, Part.RESPONDER, by)
    else:
        responders.remove_person(incident, person, Part.RESPONDER, by)


def _has_later_owner(incident: Incident, at: datetime) -> bool:
    return PagerAct.objects.filter(incident=incident, act="own", at__gt=at).exists()


def unknown_people(kind: str) -> list[str]:
    """The ids of people whom nobody has looked up yet, the newest first."""
    recent = timezone.now() - LOOKED_UP_FOR
    rows = PagerAct.objects.filter(source__startswith=f"{kind} ", at__gt=recent).exclude(person="")
    return list(dict.fromkeys(rows.order_by("-pk").values_list("person", flat=True)))


def person_found(kind: str, person: str, user: User | None) -> None:
    """Apply the acts of somebody who was looked up; `user` is None where they have no account."""
    rows = PagerAct.objects.filter(source__startswith=f"{kind} ", person=person)
    for row in rows.select_related("incident").order_by("at"):
        with transaction.atomic():
            mine = PagerAct.objects.filter(pk=row.pk, person=person).update(person="")
            if mine and user is not None:
                _apply_late(row, user)


def _apply_late(row: PagerAct, user: User) -> None:
    incident = row.incident.merge_target
    if row.act in ("acknowledge", "own") and _has_later_owner(incident, row.at):
        return
    try:
        with transaction.atomic():
            _change_people(row.act, incident, user, row.at)
    except ValidationError:
        # They may not see it: the timeline names them, and that is all.
        return

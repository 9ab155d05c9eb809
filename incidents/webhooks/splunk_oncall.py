"""Splunk On-Call (VictorOps): outgoing webhooks with the bodies of our guide.

Their bodies are free; variables and their values are those of “Custom outbound webhooks” in
Splunk's documentation and of recorded deliveries, as of November 2026. A body of all variables,
each by its own name, is read too. People are named by their user name, never by their address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from common.alert_fields import APPLICATIONS, SERVICES, labels, links_in, severity_in, value_of
from common.alert_names import alert_name
from common.pager_notes import is_ours
from common.payload_text import paragraphs
from common.payloads import BadPayload, time_at
from common.placeholders import first_text, required_first, text
from incidents.webhooks.base import (
    AlertEvent,
    Event,
    Ignored,
    Incoming,
    PagerEvent,
    PagerPerson,
    Webhook,
    change_id,
)

NUMBER = ("STATE.INCIDENT_NAME", "INCIDENT.INCIDENT_ID")
PHASE = ("STATE.CURRENT_ALERT_PHASE", "INCIDENT.CURRENT_PHASE")
FIRES = {"UNACKED": True, "ACKED": True, "RESOLVED": False}
INTERNAL = ("vo_", "is_vo_", "x-", "timet", "timestamp", "state_start_time", "ack_", "api_key")
"""How names of alert fields begin that say nothing of the fault."""
SHOWN_ELSEWHERE = ("entity_display_name", "state_message", "incident")
RATINGS = ("CRITICAL", "WARNING", "INFO")
"""Message types that rate; others say what was done."""
MACHINE = "SYSTEM"


class SplunkOnCall(Webhook):
    kind = "splunk_oncall"
    title = "Splunk On-Call (VictorOps)"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if not isinstance(data, Mapping):
            raise BadPayload("The body is no object: use the body of our guide.")
        fields = _nested(data)
        if text(fields, "CHAT.TEXT", 25_000):
            return [_chat(fields)]
        phase = first_text(fields, *PHASE, limit=20).upper()
        if phase not in FIRES:
            return [Ignored("It is about no incident: paging and on-call need nothing from us.")]
        return list(_events(fields, phase))


def _nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields by group, `{"STATE.HOST": "x"}` as `{"STATE": {"HOST": "x"}}` is."""
    groups: dict[str, dict[str, Any]] = {}
    for key, value in data.items():
        group, dot, name = str(key).partition(".")
        if dot:
            groups.setdefault(group, {})[name] = value
        elif isinstance(value, Mapping):
            groups.setdefault(group, {}).update(value)
    return groups


def _events(fields: Any, phase: str) -> Iterator[Event]:
    """What a phase says; that it was acknowledged before, once more after it was resolved."""
    firing = FIRES[phase]
    at = _acknowledged_at(fields, phase)
    if phase == "ACKED" or at:
        by = _person(fields, "STATE.ACKED_BY", "STATE.ACK_USER" if phase == "ACKED" else "")
        yield _alert(fields, True, acknowledged=True, acknowledged_at=at, acknowledged_by=by)
    if phase == "ACKED":
        yield from _message(fields, by, at)
    else:
        ended = None if firing else _ended_at(fields)
        yield _alert(fields, firing, ends_at=ended)


def _acknowledged_at(fields: Any, phase: str) -> datetime | None:
    """By the clock there; ACK_TIMESTAMP is the last change of an incident that was resolved."""
    at = time_at(fields, "STATE.ACKED_AT")
    return at or (time_at(fields, "STATE.ACK_TIMESTAMP") if phase == "ACKED" else None)


def _ended_at(fields: Any) -> datetime | None:
    return time_at(fields, "STATE.RESOLVED_AT") or time_at(fields, "STATE.LAST_TIMESTAMP")


def _person(fields: Any, *paths: str) -> PagerPerson:
    named = first_text(fields, *filter(None, paths), limit=100)
    return PagerPerson() if named in ("", MACHINE) else PagerPerson(id=named, name=named)


def _alert(fields: Any, firing: bool, **more: Any) -> AlertEvent:
    named = {
        name: value
        for name, value in labels(fields, "ALERT").items()
        if text(value) and not name.lower().startswith(INTERNAL) and name not in SHOWN_ELSEWHERE
    }
    title = first_text(
        fields, "ALERT.entity_display_name", "INCIDENT.ENTITY_DISPLAY_NAME", "STATE.SERVICE",
        "STATE.ENTITY_ID", "ALERT.entity_id", limit=500,
    )  # fmt: skip
    message = text(fields, "ALERT.state_message", 10_000)
    summary, _, rest = message.partition("\n")
    return AlertEvent(
        fingerprint=required_first(fields, *NUMBER, limit=200).lstrip("#"),
        name=alert_name(title) or "Splunk On-Call incident",
        firing=firing,
        starts_at=_first_time(fields, "STATE.INCIDENT_TIMESTAMP", "INCIDENT.INCIDENT_TIMESTAMP"),
        summary=summary[:2000] if summary != title else "",
        description=paragraphs(rest),
        links=links_in(_annotated(fields) | named),
        severity=severity_in(named) or _rating(fields),
        service=value_of(named, *SERVICES, *APPLICATIONS)[:100],
        labels=named,
        group_key=first_text(fields, "STATE.ENTITY_ID", "ALERT.entity_id", limit=500),
        url=_page(fields),
        **more,
    )


def _rating(fields: Any) -> str:
    given = text(fields, "ALERT.message_type", 50).upper()
    return given if given in RATINGS else ""


def _first_time(fields: Any, *paths: str) -> datetime | None:
    return next(filter(None, (time_at(fields, path) for path in paths)), None)


def _annotated(fields: Any) -> dict[str, str]:
    """Links that rules there add to alerts: `vo_annotate.u.Runbook`."""
    given = labels(fields, "ALERT")
    prefix = "vo_annotate.u."
    found = {name: value for name, value in given.items() if name.lower().startswith(prefix)}
    return {name[len(prefix) :]: value for name, value in found.items()}


def _page(fields: Any) -> str:
    """The incident's page, at the address that Splunk's documentation gives."""
    organization = first_text(fields, "ALERT.VO_ORGANIZATION_ID", "ALERT.vo_organization_id")
    number = first_text(fields, *NUMBER, limit=200).lstrip("#")
    if not organization or not number:
        return ""
    where = f"{quote(organization, safe='')}/popoutIncident?incidentName={quote(number, safe='')}"
    return f"https://portal.victorops.com/client/{where}"


def _message(fields: Any, by: PagerPerson, at: datetime | None) -> Iterator[Event]:
    """Who acknowledges an incident may write a message with it."""
    written = text(fields, "STATE.ACK_MSG", 25_000)
    if written and not is_ours(written):
        yield _note(fields, written, by, at)


def _chat(fields: Any) -> Event:
    written = text(fields, "CHAT.TEXT", 25_000)
    if is_ours(written):
        return Ignored("We wrote this ourselves.")
    if not first_text(fields, *NUMBER, limit=200):
        return Ignored("It is chat about no incident.")
    return _note(fields, written, _person(fields, "CHAT.USER_ID"), None)


def _note(fields: Any, written: str, by: PagerPerson, at: datetime | None) -> PagerEvent:
    """Nothing there has an id: what somebody wrote on which incident is one."""
    record = required_first(fields, *NUMBER, limit=200).lstrip("#")
    return PagerEvent(
        "note", record, change_id("note", record, by.id, written), at, by, text=written
    )

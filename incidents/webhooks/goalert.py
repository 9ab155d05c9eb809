"""GoAlert: its webhooks, as a step of an escalation policy or as contact of a user.

Types and fields are those of GoAlert's own documentation and source (`notification/webhook`), as
of November 2026. It sends neither times nor ids of persons, and signs nothing. An alert has its
number for ever: once closed it never fires again.
"""

from __future__ import annotations

from typing import Any

from common.alert_fields import APPLICATIONS, SERVICES, labels, links_in, severity_in, value_of
from common.alert_names import alert_name
from common.payloads import required_text, text, web_address
from common.signing import Token
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

IGNORED = {
    "Test": "A test.",
    "AlertBundle": "It names no alert: turn message bundles off in GoAlert.",
    "AlertStatusBundle": "It is about several alerts: turn message bundles off in GoAlert.",
    "ScheduleOnCallUsers": "Who is on call needs nothing from us.",
}


class GoAlert(Webhook):
    kind = "goalert"
    title = "GoAlert"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "Type", 50)
        if what == "Alert":
            return [_alert(data, True)]
        if what == "AlertStatus":
            return [_status(data, incoming)]
        if what == "Verification":
            return [Ignored(f"GoAlert wants this code from you: {text(data, 'Code', 20)}")]
        return [Ignored(IGNORED.get(what, f"“{what}” needs nothing from us."))]


def _status(data: Any, incoming: Incoming) -> Event:
    """What happened is the first word of an entry of its log: “Acknowledged by Ada (Web)”."""
    entry = required_text(data, "LogEntry", 1000)
    done, at = entry.split(maxsplit=1)[0], incoming.received_at
    if done == "Acknowledged":
        return _alert(
            data, True, acknowledged=True, acknowledged_at=at, acknowledged_by=_person(entry)
        )
    if done == "Closed":
        return _alert(data, False, ends_at=at)
    if done in ("Escalated", "Escalation"):
        record = required_text(data, "AlertID", 50)
        where = entry.partition(" to ")[2].partition(" automatically ")[0]
        return PagerEvent("escalate", record, change_id("escalate", record, entry), at, text=where)
    return Ignored(f"“{entry[:100]}” needs nothing from us.")


def _person(entry: str) -> PagerPerson:
    """Who is named after “by”, without the way in brackets."""
    named = entry.partition(" by ")[2]
    if named.endswith(")"):
        named = named.rpartition(" (")[0]
    return PagerPerson(name=named[:100])


def _alert(data: Any, firing: bool, **more: Any) -> AlertEvent:
    named = labels(data, "Meta")
    title = text(data, "Summary", 1000)
    details = text(data, "Details", 10_000)
    summary, _, rest = details.partition("\n")
    return AlertEvent(
        fingerprint=required_text(data, "AlertID", 50),
        name=alert_name(title) or "GoAlert alert",
        firing=firing,
        summary=summary[:2000] if summary != title else "",
        description=rest,
        links=links_in(named),
        severity=severity_in(named),
        service=(value_of(named, *SERVICES, *APPLICATIONS) or text(data, "ServiceName"))[:100],
        labels=named,
        url=web_address(data, "GoAlertURL"),
        fires_once=True,
        **more,
    )

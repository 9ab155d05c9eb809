"""Nagios, Naemon and Centreon, by a notification command that runs curl: macros by name.

Icinga 2 and Checkmk write the same words, and share this reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.alert_fields import joined_id, named_links, own_service
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import USE_GUIDE, BadPayload, json_or_form, text, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

PREFIXES = ("NOTIFY_", "NAGIOS_", "ICINGA_", "NAEMON_")
GOOD = {"OK", "UP"}
QUIET = {
    "DOWNTIMESTART": "A downtime begins.", "DOWNTIMEEND": "A downtime ends.",
    "DOWNTIMECANCELLED": "A downtime was cancelled.",
    "DOWNTIMEREMOVED": "A downtime was removed.", "FLAPPINGSTART": "It flaps.",
    "FLAPPINGSTOP": "It flaps no more.", "FLAPPINGEND": "It flaps no more.",
    "FLAPPINGDISABLED": "Flapping is no longer detected.",
    "CUSTOM": "A person sent this notification by hand.", "TEST": "A test.",
}  # fmt: skip
STATES = {"CRIT": "CRITICAL", "WARN": "WARNING", "UNKN": "UNKNOWN", "UNREACH": "UNREACHABLE"}
STATE_NUMBERS = {
    "SERVICE": {"0": "OK", "1": "WARNING", "2": "CRITICAL", "3": "UNKNOWN"},
    "HOST": {"0": "UP", "1": "DOWN", "2": "UNREACHABLE"},
}
"""By $SERVICESTATEID$ and $HOSTSTATEID$."""
SPELLINGS = {
    "NOTIFICATION_TYPE": "NOTIFICATIONTYPE", "HOST_NAME": "HOSTNAME", "HOST_STATE": "HOSTSTATE",
    "HOST_OUTPUT": "HOSTOUTPUT", "HOST_ADDRESS": "HOSTADDRESS", "SERVICE_DESC": "SERVICEDESC",
    "SERVICE_DESCRIPTION": "SERVICEDESC", "SERVICEDESCRIPTION": "SERVICEDESC",
    "SERVICE_STATE": "SERVICESTATE", "SERVICE_OUTPUT": "SERVICEOUTPUT",
    "LONG_SERVICE_OUTPUT": "LONGSERVICEOUTPUT", "LONG_HOST_OUTPUT": "LONGHOSTOUTPUT",
}  # fmt: skip
"""Macros as some write the names of their fields."""
MARKS = re.compile(r"\((?:!!?|\?|\.)\)")
"""How Checkmk marks the bad part of an output."""
LABELS = {
    "HOSTADDRESS": "address", "HOSTGROUPNAMES": "host_groups", "HOSTGROUPNAME": "host_groups",
    "SERVICEGROUPNAMES": "service_groups", "SERVICEGROUPNAME": "service_groups",
    "SERVICECHECKCOMMAND": "check_command", "HOSTALIAS": "host_alias",
    "OMD_SITE": "site", "CONTACTNAME": "contact",
}  # fmt: skip
LABEL_PREFIXES = (
    "SERVICELABEL_", "HOSTLABEL_", "SERVICETAG_", "HOSTTAG_", "_SERVICE", "_HOST",
)  # fmt: skip
"""Labels and tags of Checkmk, and custom variables of Nagios; a service's own come first."""


class Nagios(Webhook):
    kind = "nagios"
    title = "Nagios"
    content = "any"

    def read(self, incoming: Incoming) -> list[Event]:
        return [notification_of(incoming.body, incoming.received_at)]


def notification_of(body: bytes, received_at: datetime) -> Event:
    """What a notification says of a host, or of a service on a host. Raises BadPayload."""
    fields = json_or_form(body)
    if not isinstance(fields, Mapping):
        raise BadPayload(f"The body is not an object with the macros by name: {USE_GUIDE}")
    values = {_bare(str(key)): value for key, value in list(fields.items())[:500]}
    kind = line(values, "NOTIFICATIONTYPE", limit=50).upper().replace(" ", "").replace("_", "")
    if why := next((QUIET[each] for each in QUIET if kind.startswith(each)), ""):
        return Ignored(why)
    what = "SERVICE" if line(values, "SERVICEDESC") else "HOST"
    host = required_line(values, "HOSTNAME", limit=150)
    check = line(values, "SERVICEDESC", limit=150)
    state = _state(values, f"{what}STATE") or required_line(values, f"{what}STATE")
    state = state.upper()
    state = STATE_NUMBERS[what].get(state) or STATES.get(state, state)
    acknowledged = kind == "ACKNOWLEDGEMENT"
    firing = acknowledged or (state not in GOOD and kind != "RECOVERY")
    named = _labels(values, host)
    output = " ".join(MARKS.sub(" ", line(values, f"{what}OUTPUT")).split())
    comment = line(values, "NOTIFICATIONCOMMENT", f"{what}ACKCOMMENT")
    before = _state(values, f"LAST{what}STATE")
    at = time_at(values, "TIMET") or time_at(values, "MICROTIME")
    return AlertEvent(
        fingerprint=joined_id(host, check) if check else joined_id(host),
        name=alert_name(f"{check} on {host}") if check else f"Host {host}",
        firing=firing,
        # Notifications are repeated, and none says when the problem began.
        ends_at=None if firing else at or received_at,
        summary=output or f"{check or host}: {state}",
        description=paragraphs(
            output,
            text(values, f"LONG{what}OUTPUT", 10_000).replace("\\n", "\n"),
            f"Comment: {comment}" if comment else "",
            prose(values, f"{what}NOTES"),
            f"Last state: {before}" if before else "",
            named_values(values, performance=f"{what}PERFDATA"),
        ),
        links=named_links(
            values,
            Notes=f"{what}NOTESURL",
            Notes_of_the_host="HOSTNOTESURL",
            Host="HOSTACTIONURL HOSTURL",
        ),
        severity=state if firing else "",
        service=own_service(named),
        labels=named,
        url=web_address(values, f"{what}ACTIONURL", f"{what}URL"),
        acknowledged=acknowledged,
    )


def _state(values: Mapping[str, Any], key: str) -> str:
    """A state, of which UNKNOWN is one here, and no placeholder."""
    is_unknown = text(values, key, 20).upper() == "UNKNOWN"
    return "UNKNOWN" if is_unknown else line(values, key, limit=20)


def _bare(key: str) -> str:
    """A macro's name, however it was passed on: NOTIFY_HOSTNAME, $HOSTNAME$, hostname."""
    key = key.strip("$").upper()[:100]
    bare = next((key[len(each) :] for each in PREFIXES if key.startswith(each)), key)
    return SPELLINGS.get(bare, bare)


def _labels(values: Mapping[str, Any], host: str) -> dict[str, str]:
    named = {"host": host}
    for key, label in LABELS.items():
        if value := line(values, key):
            named.setdefault(label, value)
    for prefix in LABEL_PREFIXES:
        for key in values:
            if key.startswith(prefix) and (value := line(values, key)):
                named.setdefault(key[len(prefix) :].lower(), value)
    if own := line(values, "SERVICE", limit=100):
        named["service"] = own
    return dict(list(named.items())[:60])

"""Zabbix, media type “Webhook” with the script that our guide gives."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.alert_fields import tags, web_links
from common.alert_names import alert_name
from common.payload_text import paragraphs, prose
from common.payloads import USE_GUIDE, BadPayload, dig, required_text, text, web_address
from common.placeholders import first_text, is_placeholder
from common.times import EARLIEST_NUMBER, parse_time
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

FORMATS = ("%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M")
"""As Zabbix expands {EVENT.DATE} {EVENT.TIME}, in the zone of its server."""
FIRING = {"1": True, "problem": True, "0": False, "ok": False, "resolved": False}
SEVERITIES = {
    "0": "not classified",
    "1": "information",
    "2": "warning",
    "3": "average",
    "4": "high",
    "5": "disaster",
}
"""By {EVENT.NSEVERITY}, which stays the same where the names were changed."""
DETAILS = ("message", "opdata", "description", "item_name", "item_value", "update_message")
LINKS = ("trigger_url", "dashboard_url", "runbook_url")


def zone_of(name: str) -> tzinfo:
    """Raises ValidationError."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError("Write the name of a time zone, such as Europe/Berlin.") from error


def check_zone(name: str) -> None:
    """Raises ValidationError for what is no zone."""
    zone_of(name)


class ZabbixForm(forms.Form):
    time_zone = forms.CharField(
        label=_("Time zone"),
        required=False,
        initial="UTC",
        validators=[check_zone],
        help_text=_("Of the Zabbix server: it writes times without one."),
    )


class Zabbix(Webhook):
    kind = "zabbix"
    title = "Zabbix"
    SettingsForm = ZabbixForm

    def read(self, incoming: Incoming) -> list[Event]:
        given = incoming.json()
        if not isinstance(given, dict):
            raise BadPayload(f"The body is not an object: {USE_GUIDE}")
        data = {name: None if _is_macro(value) else value for name, value in given.items()}
        value = first_text(data, "value", "status").lower()
        if value not in FIRING:
            raise BadPayload(f"“value” is neither 1 (problem) nor 0 (recovery): {USE_GUIDE}")
        firing = FIRING[value]
        update = text(data, "update_action").lower() if text(data, "update_status") == "1" else ""
        acknowledged = firing and "acknowledged" in update and "unacknowledged" not in update
        zone = _zone(incoming)
        started = _time(data, "clock", zone) or _time(data, "date", zone, "time")
        ended = _time(data, "recovery_clock", zone) or _time(
            data, "recovery_date", zone, "recovery_time"
        )
        summary, *rest = _lines(prose(data, "message"))
        others = [prose(data, name) for name in DETAILS[1:]]
        return [
            AlertEvent(
                fingerprint=required_text(data, "event_id", 200),
                name=alert_name(required_text(data, "name", 500)),
                firing=firing,
                starts_at=started,
                ends_at=None if firing else ended or incoming.received_at,
                summary=summary,
                description=paragraphs("\n".join(rest), *others),
                links=web_links(*((_label(name), text(data, name, 2001)) for name in LINKS)),
                severity=SEVERITIES.get(text(data, "nseverity")) or text(data, "severity", 50),
                service=text(data, "service", 100),
                labels=_labels(data),
                group_key=text(data, "trigger_id", 200),
                url=web_address(data, "url"),
                acknowledged=acknowledged,
            )
        ]


def _is_macro(value: Any) -> bool:
    """Whether a macro was sent as it is written, as those without a value are."""
    return isinstance(value, str) and is_placeholder(value)


def _labels(data: dict[str, Any]) -> dict[str, str]:
    named = tags(data, "tags")
    groups = first_text(data, "host_groups", "hostgroup", limit=500)
    about = {"host": first_text(data, "host", "hostname", limit=200), "host_groups": groups}
    return {**{name: value for name, value in about.items() if value}, **named}


def _lines(message: str) -> list[str]:
    """The lines of a message, one of them at least."""
    return [line for line in message.splitlines() if line.strip()] or [""]


def _label(name: str) -> str:
    return name.removesuffix("_url")


def _zone(incoming: Incoming) -> tzinfo:
    try:
        return zone_of(text(incoming.settings, "time_zone"))
    except ValidationError:
        return UTC


def _time(data: Any, name: str, zone: tzinfo, clock: str = "") -> datetime | None:
    """A time as seconds since 1970 or as Zabbix writes it, perhaps in two fields."""
    value = dig(data, name)
    if clock and value is not None:
        value = f"{text(value)} {text(data, clock)}"
    at = parse_time(value, zone, FORMATS)
    return at if at and at >= EARLIEST_NUMBER else None

"""What a channel of an incident says: its name, purpose, topic and messages."""

from __future__ import annotations

import re
from string import Formatter

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.redaction import redact
from common.site_url import address_of
from incidents.models import Event, Incident
from kb.answers import CHANGED, Answer
from kb.chat.base import ChatAnswer
from kb.notification_text import notification_text

PLACES = ("number", "title", "service", "severity", "date")
"""What a pattern may name in braces."""
NAMED = re.compile(r"\{([a-z]{1,20})\}")


def pattern_problem(pattern: str) -> Text:
    """What is wrong with a pattern of names, in a sentence; empty for nothing."""
    try:
        found = [name for _text, name, *_format in Formatter().parse(pattern) if name is not None]
    except ValueError:
        found = ["{"]
    if any(name not in PLACES for name in found):
        shown = ", ".join(f"{{{each}}}" for each in PLACES)
        return format_lazy(_("In braces there may be {places}, nothing else."), places=shown)
    if "number" not in found:
        return _("It needs {number}: two channels may not have the same name.")
    return ""


def channel_name(pattern: str, incident: Incident) -> str:
    """The pattern filled in; what the platform allows of it is for the host to say."""
    service = incident.services.order_by("name").first()
    values = {
        "number": str(incident.pk),
        "title": redact(incident.title),
        "service": service.name if service else "",
        "severity": incident.severity,
        "date": f"{incident.created_at:%Y-%m-%d}",
    }
    return NAMED.sub(lambda match: values.get(match[1], ""), pattern)


def purpose_of(incident: Incident) -> str:
    return redact(f"{incident} · {address_of(incident)}")


def topic_of(incident: Incident) -> str:
    """Its state in one line: it changes when the severity, status, services or owner change."""
    services = ", ".join(incident.services.order_by("name").values_list("name", flat=True)[:3])
    owner = f"Owner: {incident.owner}" if incident.owner else ""
    state = [incident.severity, incident.get_status_display(), services, owner]
    return redact(" · ".join([*filter(None, state), address_of(incident)]))


def first_message(incident: Incident, answer: Answer | None) -> ChatAnswer:
    return notification_text(_event("incident.filed", incident), answer)


def changed_answer(incident: Incident, answer: Answer) -> ChatAnswer:
    return notification_text(_event(CHANGED, incident), answer, reply=True)


def outcome(incident: Incident) -> ChatAnswer:
    """How it ended: what ended it, and where it goes on if it was merged."""
    text = str(incident)
    if incident.merged_into and not incident.merge_target.private:
        text += f", which is part of {incident.merge_target} now"
    return notification_text(_event("incident.resolved", incident, text))


def _event(kind: str, incident: Incident, text: str = "") -> Event:
    """As the outbox has it, unsaved: what is posted is the incident as it is now."""
    path = incident.get_absolute_url()
    return Event(kind=kind, incident=incident, text=text or str(incident), path=path)

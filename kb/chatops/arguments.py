"""Reads the words of a chat command: an incident, a service, a choice, a period of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from incidents.custom_fields.values import BelongsTo, fields_of
from incidents.models import CustomField, Incident, Service
from incidents.search.filters import by_reference
from kb.chat.base import clip
from kb.chatops.dispatch import REFERENCE, CommandContext, Problem
from kb.models import IncidentChannel
from people import audit

MAX_NAMES = 10
_PERIOD = re.compile(r"^(\d{1,4})\s*([mhd])$", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def incident_argument(context: CommandContext, text: str) -> tuple[Incident, str]:
    """The incident named first, or the channel's own, and the words after it. Raises Problem."""
    first, _, rest = text.partition(" ")
    if REFERENCE.fullmatch(first):
        incident = by_reference(context.incidents(), first)
        if incident is None:
            raise Problem(f"There is no {first.upper()} that can be shown here.")
        return audit.record_reading(incident), rest.strip()
    channels = IncidentChannel.objects.filter(
        workspace=context.workspace, channel=context.event.channel or "-"
    )
    incident = context.incidents().filter(chat_channels__in=channels).first()
    if incident is None:
        raise Problem("Which incident? Name it, such as INC-42.")
    return audit.record_reading(incident), text.strip()


def service_argument(name: str) -> Service:
    """The service of this name, or the only one whose name begins so. Raises Problem."""
    if not name:
        raise Problem("Of which service? changes checkout 2h")
    matches = list(
        Service.objects.filter(Q(name__iexact=name) | Q(name__istartswith=name))[:MAX_NAMES]
    )
    exact = [each for each in matches if each.name.lower() == name.lower()]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if matches:
        raise Problem(f"Which one? {', '.join(each.name for each in matches)}.")
    raise Problem(f"No service is called {clip(name, 60)}.")


def field_argument(text: str) -> tuple[CustomField, str]:
    """The field of incidents whose name or label comes first, and the words after it.

    Raises Problem.
    """
    fields = list(fields_of(BelongsTo.INCIDENTS))
    named = {each.label.casefold(): each for each in fields} | {each.name: each for each in fields}
    words = text.split()
    # The longest first: “customer tier gold” is not about the field “customer”.
    for count in range(min(len(words), MAX_NAMES), 0, -1):
        found = named.get(" ".join(words[:count]).casefold().rstrip(":="))
        if found is not None:
            return found, " ".join(words[count:])
    if not fields:
        raise Problem("No fields are defined: a manager adds them under “Custom fields”.")
    raise Problem(f"Which field? One of {', '.join(each.name for each in fields)}.")


def choice_argument(value: str, choices: Sequence[str], what: str) -> str:
    """The choice that was typed, in any case of letters. Raises Problem."""
    for choice in choices:
        if choice.lower() == value.lower():
            return choice
    raise Problem(f"Which {what}? One of {', '.join(choices)}.")


def period_argument(text: str, default: str) -> tuple[str, str, timedelta]:
    """The words before a period such as `2h` at the end, the period as text, and its length."""
    before, _, last = text.rpartition(" ")
    match = _PERIOD.match(last)
    if match is None:
        before, last, match = text, default, _PERIOD.match(default)
    assert match is not None, f"{default!r} is no period"
    return before.strip(), last, timedelta(**{_UNITS[match[2].lower()]: int(match[1])})

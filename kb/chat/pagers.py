"""What pagers have beyond other platforms: states of records, people, and who is on call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.pager_notes import mark_as_ours
from kb.chat.base import ChatAnswer, Destination, OneWay, Outbound, OutboundRequest, plain_text

Get = Callable[[str], Any]
"""Reads JSON at a path of the workspace's API. Raises what a request raises that failed."""


@dataclass(frozen=True)
class PersonOnCall:
    """Somebody whom a pager would call now, for the services of one rota."""

    services: Sequence[str]
    """Their names here."""
    name: str
    email: str = ""
    rota: str = ""
    """The schedule or escalation policy, as it is called there."""
    level: int = 1
    """1 is called first."""
    until: datetime | None = None


class Pager(OneWay):
    """Base of the plug-ins of pagers; `note_on` names the integration whose alerts are theirs."""

    states: Mapping[str, str]
    """What it calls the state that an event here leads to, by the kind of event."""
    most_at_once = 20
    """Records whose state is changed for one event."""

    def notify(
        self, answer: ChatAnswer, event: dict[str, Any], to: Destination
    ) -> Outbound | Sequence[Outbound] | None:
        state = self.states.get(event["kind"])
        if state is None or not to.settings.get("acts"):
            return self.post_message(answer, to)
        records = to.records[: self.most_at_once]
        return self.change_states(state, records, _content(answer, to), to) if records else []

    def post_message(self, answer: ChatAnswer, to: Destination) -> Outbound | None:
        return self.note(to.channel, _content(answer, to), to) if to.channel else None

    def change_states(
        self, state: str, records: Sequence[str], content: str, to: Destination
    ) -> Sequence[Outbound]:
        """The requests that bring records into a state, each harmless when it is repeated.

        `content` says why, for pagers that store it with the state.
        """
        raise NotImplementedError

    def note(self, record: str, content: str, to: Destination) -> Outbound | None:
        """The request that adds a note to a record; None where there are no notes."""
        return None

    def request(
        self, to: Destination, path: str, body: dict[str, Any], method: str = "POST"
    ) -> OutboundRequest:
        url = f"{to.settings['server'].rstrip('/')}{path}"
        return OutboundRequest(url, body, self.auth_headers(to.secrets), method)

    def auth_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        raise NotImplementedError

    def on_call(
        self, get: Get, rotas: Mapping[str, str], names: Mapping[str, Sequence[str]]
    ) -> Iterator[PersonOnCall]:
        """Who is on call: of `rotas`, by service as a manager entered them, and of services whose
        own name, or another of their `names`, is the name of something there."""
        raise NotImplementedError

    def address_of(self, get: Get, person: str) -> str:
        """The mail address of a person by their id there; empty where it has none."""
        return ""


def _content(answer: ChatAnswer, to: Destination) -> str:
    return mark_as_ours(plain_text(answer, to.base))


def by_rota(rotas: Mapping[str, str]) -> dict[str, list[str]]:
    """The services of each rota, as a manager entered them."""
    services: dict[str, list[str]] = {}
    for service, rota in rotas.items():
        services.setdefault(rota, []).append(service)
    return services


def add_by_name(
    services: dict[str, list[str]],
    names: Mapping[str, Sequence[str]],
    rotas: Mapping[str, str],
    known: Mapping[str, str],
    suffix: str = "",
) -> None:
    """Add each service without an entered rota to the one of its own or another of its names.

    `known` has what means a rota in `services`, by its name in small letters. Other names count
    with `suffix`, too.
    """
    for service, others in names.items():
        wanted = [service, *others, *(f"{each}{suffix}" for each in others)]
        found = next((known[each.lower()] for each in wanted if each.lower() in known), "")
        if found and service not in rotas:
            services.setdefault(found, []).append(service)


def acts_field(vendor: str) -> forms.BooleanField:
    return forms.BooleanField(
        label=format_lazy(_("Acknowledge and resolve in {product}"), product=vendor),
        required=False,
        help_text=_(
            "What is acknowledged or resolved here is so there too, if a rule has the event."
        ),
    )


def reads_field() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("Read who is on call"),
        required=False,
        help_text=_("Every five minutes, for services that have the same name there."),
    )


def rotas_field(example: str) -> forms.CharField:
    return forms.CharField(
        label=_("Rotas"),
        required=False,
        max_length=5000,
        widget=forms.Textarea,
        help_text=format_lazy(
            _("Where names differ, a service and its rota in each line: {example}"), example=example
        ),
    )

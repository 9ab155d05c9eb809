"""Splunk On-Call (VictorOps): notes on its incidents, their state, and who is on call.

As its public API v1 was in November 2026 (portal.victorops.com/public/api-docs.html): most
requests twice a second, who is on call once a minute. A key that is wrong and a rate limit that is
reached may both be answered with 403.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, listed, text
from kb.chat.base import (
    Destination,
    Outbound,
    OutboundRequest,
    api_key_field,
    id_in,
    server_field,
)
from kb.chat.pagers import (
    Get,
    Pager,
    PersonOnCall,
    acts_field,
    add_by_name,
    by_rota,
    reads_field,
    rotas_field,
)

API = "/api-public/v1"


class SplunkOnCallForm(forms.Form):
    secret_fields = ("api_id", "api_key")
    api_id = forms.CharField(
        label=_("API ID"),
        max_length=100,
        widget=forms.PasswordInput,
        help_text=_("Integrations → API shows it."),
    )
    api_key = api_key_field(_("Made there too; one that is not read-only."))
    sender = forms.CharField(
        label=_("User name"),
        max_length=100,
        help_text=_("A Splunk On-Call user: states are set in that name."),
    )
    server = server_field("https://api.victorops.com")
    acts = acts_field("Splunk On-Call")
    reads_on_call = reads_field()
    rotas = rotas_field("checkout = payments, the name of a team or of an escalation policy.")


class SplunkOnCall(Pager):
    """Where the alert came by the integration of the same name: its record is a number there."""

    kind = "splunk_oncall"
    title = "Splunk On-Call (notes)"
    note_on = "splunk_oncall"
    states = {"incident.acknowledged": "ack", "incident.resolved": "resolve"}
    most_at_once = 100
    SettingsForm = SplunkOnCallForm

    def auth_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"X-VO-Api-Id": secrets["api_id"], "X-VO-Api-Key": secrets["api_key"]}

    def note(self, record: str, content: str, to: Destination) -> OutboundRequest:
        """It is JSON there, under a name: the same text again is the same note."""
        name = f"causebook-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
        body = {"name": name, "display_name": "Causebook", "json_value": {"text": content}}
        return self.request(to, f"{API}/incidents/{quote(record, safe='')}/notes", body)

    def change_states(
        self, state: str, records: Sequence[str], content: str, to: Destination
    ) -> Sequence[Outbound]:
        body = {
            "userName": to.settings["sender"],
            "incidentNames": list(records),
            "message": content,
        }
        return [self.request(to, f"{API}/incidents/{state}", body, "PATCH")]

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "name")

    def on_call(
        self, get: Get, rotas: Mapping[str, str], names: Mapping[str, Sequence[str]]
    ) -> Iterator[PersonOnCall]:
        """By team or escalation policy of the service's or its team's name, where none was
        entered. One that is entered has its name or its slug."""
        services = {rota.lower(): entered for rota, entered in by_rota(rotas).items()}
        rows = list(_policies(get(f"{API}/oncall/current")))
        known = {name.lower(): name.lower() for row in rows for name in (row[0], row[2]) if name}
        add_by_name(services, names, rotas, known)
        people = _people(get) if services else {}
        for team, team_slug, policy, policy_slug, users in rows:
            called = {each.lower() for each in (team, team_slug, policy, policy_slug) if each}
            wanted = [name for rota in called for name in services.get(rota, ())]
            for user in users if wanted else ():
                name, address = people.get(user, (user, ""))
                yield PersonOnCall(wanted, name, address, policy or team)

    def address_of(self, get: Get, person: str) -> str:
        return text(get(f"{API}/user/{quote(person, safe='')}"), "email", 200)


def _policies(data: Any) -> Iterator[tuple[str, str, str, str, list[str]]]:
    """Name and slug of team and of escalation policy, with the names of users on call."""
    for team in listed(data, "teamsOnCall"):
        for row in listed(team, "oncallNow"):
            users = (text(each, "onCalluser.username", 100) for each in listed(row, "users"))
            yield (
                text(team, "team.name", 100),
                text(team, "team.slug", 100),
                text(row, "escalationPolicy.name", 100),
                text(row, "escalationPolicy.slug", 100),
                list(filter(None, users)),
            )


def _people(get: Get) -> dict[str, tuple[str, str]]:
    """Full name and mail address by user name. The list is a list of lists there."""
    groups = dig(get(f"{API}/user"), "users", [])
    found = {}
    for group in groups if isinstance(groups, list) else ():
        for row in group if isinstance(group, list) else [group]:
            username = text(row, "username", 100)
            whole = f"{text(row, 'firstName', 50)} {text(row, 'lastName', 50)}".strip()
            found[username] = (whole or username, text(row, "email", 200))
    return found

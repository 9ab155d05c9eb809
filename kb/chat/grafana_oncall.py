"""Grafana OnCall and IRM: resolution notes, states of alert groups, and who is on call.

As its HTTP API v1 is documented and its engine answers, as of November 2026: 300 requests in five
minutes, and 429 with `RateLimit-Reset` beyond. A wrong token is answered with 403, and so is a
service account that acknowledges or resolves: that needs the token of a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import BadPayload, dig, listed, text
from kb.chat.base import (
    Destination,
    Outbound,
    OutboundRequest,
    api_key_field,
    id_in,
    json_of,
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

API = "/api/v1"
ALREADY = re.compile(r"Can't \w{1,20} an? (?:acknowledged|resolved|attached) alert group")
"""Refusals of what is so already; an attached group follows the one that it is attached to."""
MOST_PAGES = 10


class GrafanaOnCallForm(forms.Form):
    secret_fields = ("api_key",)
    api_key = api_key_field(_("An API token of a user: OnCall → Settings → API tokens."))
    server = server_field(
        "", _("OnCall → Settings shows it, such as https://oncall.example/oncall.")
    )
    acts = acts_field("Grafana OnCall")
    reads_on_call = reads_field()
    rotas = rotas_field("checkout = Payments primary, the name of a schedule.")


class GrafanaOnCall(Pager):
    """Where the alert came by the integration of the same name: its record is an alert group."""

    kind = "grafana_oncall"
    title = "Grafana OnCall and IRM (notes)"
    note_on = "grafana_oncall"
    states = {"incident.acknowledged": "acknowledge", "incident.resolved": "resolve"}
    SettingsForm = GrafanaOnCallForm

    def auth_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": secrets["api_key"]}

    def note(self, record: str, content: str, to: Destination) -> OutboundRequest:
        body = {"alert_group_id": record, "text": content}
        return self.request(to, f"{API}/resolution_notes/", body)

    def change_states(
        self, state: str, records: Sequence[str], content: str, to: Destination
    ) -> Sequence[Outbound]:
        wanted = [
            self.request(to, f"{API}/alert_groups/{quote(record, safe='')}/{state}", {})
            for record in records
        ]
        if state == "resolve" and to.channel:
            # The note comes last: what comes before is harmless when it is repeated.
            wanted.append(self.note(to.channel, content, to))
        return wanted

    def is_so_already(self, status: int, response: bytes) -> bool:
        try:
            detail = text(json_of(response), "detail")
        except BadPayload:
            return False
        return status == 400 and bool(ALREADY.match(detail))

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "id")

    def on_call(
        self, get: Get, rotas: Mapping[str, str], names: Mapping[str, Sequence[str]]
    ) -> Iterator[PersonOnCall]:
        """By schedule: that of the service's or its team's name, where none was entered."""
        services = {rota.lower(): entered for rota, entered in by_rota(rotas).items()}
        schedules = {text(row, "name", 200): row for row in _paged(get, "schedules")}
        add_by_name(services, names, rotas, {name.lower(): name.lower() for name in schedules})
        people = {text(row, "id"): row for row in _paged(get, "users")} if services else {}
        for name, row in schedules.items():
            for key in listed(row, "on_call_now") if name.lower() in services else ():
                person = people.get(text(key), {})
                yield PersonOnCall(
                    services[name.lower()],
                    text(person, "username", 100) or text(key, limit=100),
                    text(person, "email", 200),
                    name,
                )

    def address_of(self, get: Get, person: str) -> str:
        return text(get(f"{API}/users/{quote(person, safe='')}/"), "email", 200)


def _paged(get: Get, kind: str) -> Iterator[Any]:
    """The rows of a list, of MOST_PAGES pages at most."""
    for page in range(1, MOST_PAGES + 1):
        data = get(f"{API}/{kind}/?page={page}")
        yield from listed(data, "results")
        if not dig(data, "next"):
            break

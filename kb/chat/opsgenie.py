"""Opsgenie, and alerts of Jira Service Management: notes, state, and who is on call.

As docs.opsgenie.com describes the Alert API, the Schedule API and the Who is on Call API, as of
November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import listed, text
from kb.chat.base import (
    Destination,
    Outbound,
    OutboundRequest,
    api_key_field,
    id_in,
    server_in_us_or_eu,
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

WHO = {"user": "Causebook", "source": "Causebook"}
MOST_ROTAS = 20


class OpsgenieForm(forms.Form):
    secret_fields = ("api_key",)
    api_key = api_key_field(_("Of an API integration that may read, create and update."))
    server = server_in_us_or_eu("opsgenie.com")
    acts = acts_field("Opsgenie")
    reads_on_call = reads_field()
    rotas = rotas_field("checkout = payments_schedule, the name of a schedule.")


class Opsgenie(Pager):
    """Where the alert came by the integration “Opsgenie”. A note has 25,000 characters at most."""

    kind = "opsgenie"
    title = "Opsgenie (notes)"
    note_on = "opsgenie"
    states = {"incident.acknowledged": "acknowledge", "incident.resolved": "close"}
    SettingsForm = OpsgenieForm

    def auth_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"GenieKey {secrets['api_key']}"}

    def _act(self, act: str, record: str, note: str, to: Destination) -> OutboundRequest:
        path = f"/v2/alerts/{quote(record, safe='')}/{act}?identifierType=id"
        return self.request(to, path, {"note": note, **WHO})

    def note(self, record: str, content: str, to: Destination) -> OutboundRequest:
        return self._act("notes", record, content, to)

    def change_states(
        self, state: str, records: Sequence[str], content: str, to: Destination
    ) -> Sequence[Outbound]:
        return [self._act(state, record, content, to) for record in records]

    def message_id(self, sent: Outbound, response: bytes) -> str:
        """Opsgenie adds the note later and returns the id of the request."""
        return id_in(response, "requestId")

    def on_call(
        self, get: Get, rotas: Mapping[str, str], names: Mapping[str, Sequence[str]]
    ) -> Iterator[PersonOnCall]:
        """By schedule: that of the service's or its team's name, where none was entered.

        Opsgenie calls the first schedule of a team *team*_schedule.
        """
        by_schedule = by_rota(rotas)
        if any(name not in rotas for name in names):
            add_by_name(by_schedule, names, rotas, listed_schedules(get), "_schedule")
        for schedule, services in list(by_schedule.items())[:MOST_ROTAS]:
            where = f"/v2/schedules/{quote(schedule, safe='')}/on-calls"
            data = get(f"{where}?scheduleIdentifierType=name&flat=true")
            for person in listed(data, "data.onCallRecipients"):
                named = text(person, limit=200)
                yield PersonOnCall(services, named, named if "@" in named else "", schedule)


def listed_schedules(get: Get) -> dict[str, str]:
    """The names of schedules that are on, by the same in small letters."""
    rows = [row for row in listed(get("/v2/schedules"), "data") if isinstance(row, dict)]
    named = [text(row, "name", 200) for row in rows if row.get("enabled", True)]
    return {name.lower(): name for name in named}

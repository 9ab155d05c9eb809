"""GoAlert: states of its alerts. It has no notes, and says who is on call to no GET request.

As its source was in November 2026: a GraphQL API key of an administrator runs one document only,
that of the key, so that requests hold nothing but its variables. An operation that fails is
answered with 200 and `errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.payloads import BadPayload, listed
from kb.chat.base import (
    Destination,
    Outbound,
    api_key_field,
    json_of,
    server_field,
)
from kb.chat.pagers import Pager, acts_field

DOCUMENT = "mutation ($input: UpdateAlertsInput!) { updateAlerts(input: $input) { id } }"


class GoAlertForm(forms.Form):
    secret_fields = ("api_key",)
    api_key = api_key_field(
        format_lazy(
            _("Admin → API Keys, role User, with exactly this query: {query}"), query=DOCUMENT
        )
    )
    server = server_field("", _("Where people open GoAlert, such as https://goalert.example."))
    acts = acts_field("GoAlert")


class GoAlert(Pager):
    """Where the alert came by the integration of the same name: its record is a number there."""

    kind = "goalert"
    title = "GoAlert (states)"
    note_on = "goalert"
    states = {
        "incident.acknowledged": "StatusAcknowledged",
        "incident.resolved": "StatusClosed",
    }
    takes = tuple(states)
    most_at_once = 100
    SettingsForm = GoAlertForm

    def auth_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets['api_key']}"}

    def change_states(
        self, state: str, records: Sequence[str], content: str, to: Destination
    ) -> Sequence[Outbound]:
        numbers = [int(record) for record in records if record.isdecimal()]
        if not numbers:
            return []
        body = {"variables": {"input": {"alertIDs": numbers, "newStatus": state}}}
        return [self.request(to, "/api/graphql", body)]

    def refuses(self, response: bytes) -> bool:
        try:
            return bool(listed(json_of(response), "errors"))
        except BadPayload:
            return True

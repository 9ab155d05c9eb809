"""Opsgenie: a note on the alert there from which an incident here came."""

from __future__ import annotations

from urllib.parse import quote

from django import forms

from kb.chat.base import (
    ChatAnswer,
    Destination,
    OneWay,
    Outbound,
    OutboundRequest,
    api_key_field,
    id_in,
    plain_text,
    server_field,
)


class OpsgenieForm(forms.Form):
    secret_fields = ("api_key",)
    api_key = api_key_field("Of an API integration that may create and update alerts.")
    server = server_field("opsgenie.com")


class Opsgenie(OneWay):
    """Where the alert came by the integration “Opsgenie”. A note has 25,000 characters at most."""

    kind = "opsgenie"
    title = "Opsgenie (notes)"
    note_on = "opsgenie"
    SettingsForm = OpsgenieForm

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        if not to.channel:
            return None
        alert = quote(to.channel, safe="")
        url = f"{to.settings['server'].rstrip('/')}/v2/alerts/{alert}/notes?identifierType=id"
        note = plain_text(answer, to.base)
        body = {"note": note, "user": "Causebook", "source": "Causebook"}
        return OutboundRequest(url, body, {"Authorization": f"GenieKey {to.secrets['api_key']}"})

    def message_id(self, sent: Outbound, response: bytes) -> str:
        """Opsgenie adds the note later and returns the id of the request."""
        return id_in(response, "requestId")

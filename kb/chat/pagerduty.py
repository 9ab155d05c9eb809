"""PagerDuty: a note on the incident there from which an incident here came."""

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


class PagerDutyForm(forms.Form):
    secret_fields = ("api_key",)
    api_key = api_key_field("A REST API key: Integrations → API Access Keys.")
    sender = forms.EmailField(
        label="From", help_text="The mail address of a PagerDuty user: the notes are in that name."
    )
    server = server_field("pagerduty.com")


class PagerDuty(OneWay):
    """Where the alert came by the integration “PagerDuty webhooks V3”, whose id is PagerDuty's."""

    kind = "pagerduty"
    title = "PagerDuty (notes)"
    note_on = "pagerduty"
    SettingsForm = PagerDutyForm

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        if not to.channel:
            return None
        url = f"{to.settings['server'].rstrip('/')}/incidents/{quote(to.channel, safe='')}/notes"
        headers = {
            "Authorization": f"Token token={to.secrets['api_key']}",
            "Accept": "application/vnd.pagerduty+json;version=2",
            "From": to.settings["sender"],
        }
        content = plain_text(answer, to.base)
        return OutboundRequest(url, {"note": {"content": content}}, headers)

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "note.id")

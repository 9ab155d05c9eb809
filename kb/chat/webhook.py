"""A plain webhook: for your own bots and for subscribers of events. Signed in both directions."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from common.signing import SIGNATURE, TIME, Hmac, SignedRequest, signed_headers
from kb.chat.base import (
    BadPayload,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    Destination,
    OutboundRequest,
    Platform,
    SecretForm,
)


class WebhookForm(SecretForm):
    secret = forms.CharField(
        label=_("Secret"),
        min_length=16,
        max_length=500,
        widget=forms.PasswordInput,
        help_text=_("Signs requests in both directions."),
    )
    url = forms.URLField(
        label=_("Address"),
        required=False,
        max_length=1000,
        assume_scheme="https",
        help_text=_("Events are posted to it; empty if it only sends commands."),
    )


class Webhook(Platform):
    kind = "webhook"
    title = "Plain webhook"
    can_answer_privately = True
    SettingsForm = WebhookForm
    signature = Hmac(SIGNATURE, prefix="sha256=", time_header=TIME, between=".")

    def verify(self, request: ChatRequest) -> None:
        signed_request = SignedRequest(request.headers, request.body, request.received_at)
        self.signature.check(signed_request, [request.secrets["secret"]])

    def parse(self, request: ChatRequest) -> ChatEvent:
        data = request.json()
        if not isinstance(data, dict):
            raise BadPayload("The body is not an object.")
        pressed = text(data, "press", 500)
        return ChatEvent(
            "button" if pressed else "command",
            pressed or text(data, "text", 3000),
            text(data, "user", 100),
            text(data, "user_name", 100),
            text(data, "channel", 100),
            private=dig(data, "private") is True,
            event_id=text(data, "id", 200),
        )

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        return message_of(answer, base)

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        return {"text": "Searching…", "items": [], "whisper": True}

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        to = Destination(event.channel, request.secrets, request.settings, base)
        return self.post_message(answer, to)

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        if not to.settings.get("url"):
            return None
        return signed(to.settings["url"], message_of(answer, to.base), to.secrets["secret"])

    def notify(
        self, answer: ChatAnswer, event: dict[str, Any], to: Destination
    ) -> OutboundRequest | None:
        if not to.settings.get("url"):
            return None
        body = {"event": event, **message_of(answer, to.base)}
        return signed(to.settings["url"], body, to.secrets["secret"])


def message_of(answer: ChatAnswer, base: str) -> dict[str, Any]:
    return {
        "text": answer.text,
        "whisper": answer.private,
        "items": [
            {
                "title": item.title,
                "url": f"{base}{item.path}" if item.path else None,
                "lines": list(item.lines),
                "buttons": [{"label": b.label, "press": b.value} for b in item.buttons],
            }
            for item in answer.items
        ],
        "footer": answer.footer,
    }


def signed(url: str, body: dict[str, Any], secret: str) -> OutboundRequest:
    """A request signed over the same bytes that `outbound.send` will send."""
    raw = json.dumps(body, separators=(",", ":")).encode()
    return OutboundRequest(url, body, signed_headers(raw, secret))

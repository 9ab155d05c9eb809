"""A plain webhook: for bots of one's own, and for whoever wants our events. Signed both ways."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from django import forms

from common.payloads import dig, text
from common.signing import Asked, Hmac, sign
from kb.chat.base import Answer, BadPayload, Call, Incoming, Platform, Said, SecretForm

SIGNATURE, TIME = "x-causebook-signature", "x-causebook-timestamp"


class WebhookForm(SecretForm):
    secret = forms.CharField(
        label="Secret", min_length=16, max_length=500, widget=forms.PasswordInput,
        help_text="Signs what comes and what goes.",
    )  # fmt: skip
    url = forms.URLField(
        label="Address", required=False, max_length=1000, assume_scheme="https",
        help_text="Where events are posted to; empty if it only asks.",
    )  # fmt: skip


class Webhook(Platform):
    kind = "webhook"
    title = "Plain webhook"
    whispers = True
    SettingsForm = WebhookForm
    signature = Hmac(SIGNATURE, prefix="sha256=", time_header=TIME, between=".")

    def prove(self, incoming: Incoming) -> None:
        asked = Asked(incoming.headers, incoming.body, incoming.at)
        self.signature.check(asked, [incoming.secrets["secret"]])

    def read(self, incoming: Incoming) -> Said:
        data = incoming.json()
        if not isinstance(data, dict):
            raise BadPayload("The body is not an object.")
        pressed = text(data, "press", 500)
        return Said(
            "press" if pressed else "command", pressed or text(data, "text", 3000),
            text(data, "user", 100), text(data, "user_name", 100), text(data, "channel", 100),
            private=dig(data, "private") is True, once=text(data, "id", 200),
        )  # fmt: skip

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        return message_of(answer, base)

    def acknowledge(self, said: Said) -> dict[str, Any]:
        return {"text": "Looking…", "items": [], "whisper": True}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        return self.post(answer, said.channel, incoming.secrets, incoming.settings, base)

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        if not settings.get("url"):
            return None
        return signed(settings["url"], message_of(answer, base), secrets["secret"])

    def notify(
        self, answer: Answer, event: dict[str, Any], channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        if not settings.get("url"):
            return None
        body = {"event": event, **message_of(answer, base)}
        return signed(settings["url"], body, secrets["secret"])


def message_of(answer: Answer, base: str) -> dict[str, Any]:
    return {
        "text": answer.text,
        "whisper": answer.whisper,
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


def signed(url: str, body: dict[str, Any], secret: str) -> Call:
    """A call whose bytes are settled here, so that the signature is of what is sent."""
    now = str(int(time.time()))
    raw = json.dumps(body, separators=(",", ":")).encode()
    signature = sign(secret, now.encode() + b"." + raw)
    return Call(url, body, {TIME: now, SIGNATURE: f"sha256={signature}"})

"""Discord: application command and buttons, signed with the application's Ed25519 key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django import forms

from common.payloads import dig, text
from common.signing import REPLAY_WINDOW
from kb.chat.base import (
    Answer,
    Call,
    Incoming,
    Item,
    Platform,
    Refused,
    Said,
    SecretForm,
    bot_token_field,
    clip,
)

API = "https://discord.com/api/v10/"
PING, COMMAND, COMPONENT = 1, 2, 3
PONG, MESSAGE, DEFERRED = 1, 4, 5
ONLY_ASKER = 64


class DiscordForm(SecretForm):
    secret_fields = ("secret", "bot_token")
    secret = forms.CharField(
        label="Public key", max_length=200, help_text="General Information → Public Key."
    )
    bot_token = bot_token_field("To post notifications.")


class Discord(Platform):
    kind = "discord"
    title = "Discord"
    whispers = True
    hosts = ("discord.com",)
    SettingsForm = DiscordForm

    def prove(self, incoming: Incoming) -> None:
        given = incoming.headers.get("x-signature-timestamp", "")
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(incoming.secrets["secret"]))
            signature = bytes.fromhex(incoming.headers.get("x-signature-ed25519", ""))
            key.verify(signature, given.encode() + incoming.body)
            late = abs(incoming.at.timestamp() - float(given)) > REPLAY_WINDOW
        except (InvalidSignature, ValueError):
            raise Refused("The signature does not fit. Is the public key the same?") from None
        if late:
            raise Refused("The signed time is more than 5 minutes from ours.")

    def read(self, incoming: Incoming) -> Said:
        data = incoming.json()
        kind = dig(data, "type")
        if kind == PING:
            return Said("hello")
        who = "member.user" if dig(data, "member") else "user"
        same: dict[str, Any] = {
            "person": text(data, f"{who}.id", 40),
            "person_name": text(data, f"{who}.username", 100),
            "channel": text(data, "channel_id", 40),
            "private": not text(data, "guild_id", 40),
            "once": text(data, "id", 40),
            "extra": {"app": text(data, "application_id", 40), "token": text(data, "token", 300)},
        }
        if kind == COMPONENT:
            return Said("press", text(data, "data.custom_id", 100), **same)
        if kind == COMMAND:
            return Said("command", text(data, "data.options.0.value", 3000), **same)
        return Said("nothing", **same)

    def hello(self, said: Said) -> dict[str, Any]:
        return {"type": PONG}

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        data = _message(answer, base)
        if answer.whisper:
            data["flags"] = ONLY_ASKER
        return {"type": MESSAGE, "data": data}

    def acknowledge(self, said: Said) -> dict[str, Any]:
        return {"type": DEFERRED, "data": {"flags": ONLY_ASKER}}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        app, token = said.extra.get("app", ""), said.extra.get("token", "")
        if not app.isdigit() or not token:
            return None
        url = f"{API}webhooks/{app}/{token}/messages/@original"
        return Call(url, _message(answer, base), method="PATCH")

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        token = secrets.get("bot_token")
        if not token or not channel.isdigit():
            return None
        url = f"{API}channels/{channel}/messages"
        return Call(url, _message(answer, base), {"Authorization": f"Bot {token}"})


def _message(answer: Answer, base: str) -> dict[str, Any]:
    rows = [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 2, "label": clip(b.label, 80), "custom_id": b.value[:100]}
                for b in item.buttons[:5]
            ],
        }
        for item in answer.items
        if item.buttons
    ]
    return {
        "content": clip(answer.text, 2000),
        "embeds": [_embed(item, base) for item in answer.items[:10]],
        "components": rows[:5],
        # Whatever an incident's title says, nobody is called.
        "allowed_mentions": {"parse": []},
    }


def _embed(item: Item, base: str) -> dict[str, Any]:
    found = {"title": clip(item.title, 256), "description": clip("\n".join(item.lines), 1000)}
    return {**found, "url": f"{base}{item.path}"} if item.path else found

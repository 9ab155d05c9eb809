"""Discord: application command and buttons, signed with the application's Ed25519 key."""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from common.signing import REPLAY_WINDOW
from kb.chat.base import (
    AnswerItem,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    Destination,
    NotAuthentic,
    Outbound,
    OutboundRequest,
    Platform,
    SecretForm,
    bot_token_field,
    clip,
    id_in,
)

API = "https://discord.com/api/v10/"
PING, COMMAND, COMPONENT = 1, 2, 3
PONG, MESSAGE, DEFERRED = 1, 4, 5
EPHEMERAL = 64


class DiscordForm(SecretForm):
    secret_fields = ("secret", "bot_token")
    secret = forms.CharField(
        label=_("Public key"), max_length=200, help_text=_("General Information → Public Key.")
    )
    bot_token = bot_token_field(_("To post notifications."))


class Discord(Platform):
    kind = "discord"
    title = "Discord"
    can_answer_privately = True
    hosts = ("discord.com",)
    SettingsForm = DiscordForm

    def verify(self, request: ChatRequest) -> None:
        given = request.headers.get("x-signature-timestamp", "")
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(request.secrets["secret"]))
            signature = bytes.fromhex(request.headers.get("x-signature-ed25519", ""))
            key.verify(signature, given.encode() + request.body)
            is_old = abs(request.received_at.timestamp() - float(given)) > REPLAY_WINDOW
        except (InvalidSignature, ValueError):
            raise NotAuthentic(
                "The signature does not match. Is the public key the same?"
            ) from None
        if is_old:
            raise NotAuthentic("The signed time is more than 5 minutes from ours.")

    def parse(self, request: ChatRequest) -> ChatEvent:
        data = request.json()
        kind = dig(data, "type")
        if kind == PING:
            return ChatEvent("handshake")
        account = "member.user" if dig(data, "member") else "user"
        common: dict[str, Any] = {
            "person": text(data, f"{account}.id", 40),
            "person_name": text(data, f"{account}.username", 100),
            "channel": text(data, "channel_id", 40),
            "private": not text(data, "guild_id", 40),
            "event_id": text(data, "id", 40),
            "extra": {"app": text(data, "application_id", 40), "token": text(data, "token", 300)},
        }
        if kind == COMPONENT:
            return ChatEvent("button", text(data, "data.custom_id", 100), **common)
        if kind == COMMAND:
            return ChatEvent("command", text(data, "data.options.0.value", 3000), **common)
        return ChatEvent("ignore", **common)

    def handshake_response(self, event: ChatEvent) -> dict[str, Any]:
        return {"type": PONG}

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        data = _message(answer, base)
        if answer.private:
            data["flags"] = EPHEMERAL
        return {"type": MESSAGE, "data": data}

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        return {"type": DEFERRED, "data": {"flags": EPHEMERAL}}

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        app, token = event.extra.get("app", ""), event.extra.get("token", "")
        if not app.isdigit() or not token:
            return None
        url = f"{API}webhooks/{app}/{token}/messages/@original"
        return OutboundRequest(url, _message(answer, base), method="PATCH")

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        token = to.secrets.get("bot_token")
        if not token or not to.channel.isdigit():
            return None
        channel, _, message = (to.thread or to.channel).partition("/")
        body = _message(answer, to.base)
        if message:
            # A reply still arrives where the first message was deleted.
            body["message_reference"] = {"message_id": message, "fail_if_not_exists": False}
        url = f"{API}channels/{channel}/messages"
        return OutboundRequest(url, body, {"Authorization": f"Bot {token}"})

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "channel_id", "id")


def _message(answer: ChatAnswer, base: str) -> dict[str, Any]:
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
        # Nobody is mentioned, whatever the title of an incident contains.
        "allowed_mentions": {"parse": []},
    }


def _embed(item: AnswerItem, base: str) -> dict[str, Any]:
    embed = {"title": clip(item.title, 256), "description": clip("\n".join(item.lines), 1000)}
    return {**embed, "url": f"{base}{item.path}"} if item.path else embed

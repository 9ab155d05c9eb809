"""Mattermost: slash command and buttons. The body of a command holds the token that proves it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from django import forms

from common.payloads import dig, text
from kb.chat.base import (
    AnswerItem,
    BadPayload,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    NotAuthentic,
    OutboundRequest,
    Platform,
    SecretForm,
    bot_token_field,
    clip,
)

DIRECT = re.compile(r"^[a-z0-9]{26}__[a-z0-9]{26}$")
"""The name of a direct channel: the ids of both people."""
MAX_CHARACTERS = 16_000
"""Characters of a post."""


class MattermostForm(SecretForm):
    secret = forms.CharField(
        label="Token of the slash command",
        max_length=500,
        widget=forms.PasswordInput,
    )
    secret_fields = ("secret", "bot_token")
    server = forms.URLField(
        label="Address of the server",
        max_length=300,
        assume_scheme="https",
        help_text="Delayed answers and notifications go there and nowhere else.",
    )
    bot_token = bot_token_field("To post notifications.")


class Mattermost(Platform):
    kind = "mattermost"
    title = "Mattermost"
    can_answer_privately = True
    SettingsForm = MattermostForm

    def verify(self, request: ChatRequest) -> None:
        """By the token of the command, or for a button the one that we put into its context."""
        data = _data(request)
        given = text(data, "token", 200) or text(data, "context.token", 200)
        how, _, rest = request.headers.get("authorization", "").partition(" ")
        given = given or (rest.strip() if how.lower() == "token" else "")
        expected = request.secrets["secret"]
        if dig(data, "context") is not None:
            expected = button_token(expected)
        if not given or not hmac.compare_digest(given.encode(), expected.encode()):
            raise NotAuthentic("The token is not that of this workspace's slash command.")

    def parse(self, request: ChatRequest) -> ChatEvent:
        data = _data(request)
        person = text(data, "user_id", 50)
        if not person:
            raise BadPayload("“user_id” is missing.")
        common: dict[str, Any] = {
            "person": person,
            "person_name": text(data, "user_name", 100),
            "channel": text(data, "channel_id", 50),
            "event_id": text(data, "trigger_id", 300),
        }
        if dig(data, "context") is not None:
            return ChatEvent("button", text(data, "context.value", 500), **common)
        alone = bool(DIRECT.match(text(data, "channel_name", 200)))
        words, reply_to = text(data, "text", 3000), text(data, "response_url", 500)
        return ChatEvent("command", words, private=alone, reply_to=reply_to, **common)

    def prepare(self, event: ChatEvent, secrets: Mapping[str, str], address: str) -> ChatEvent:
        token = button_token(secrets["secret"])
        return replace(event, extra={**event.extra, "address": address, "token": token})

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        body = _post(answer, base, event.extra.get("address", ""), event.extra.get("token", ""))
        if event.kind == "button":
            return {"ephemeral_text": clip(answer.text, MAX_CHARACTERS)}
        return {"response_type": "ephemeral" if answer.private else "in_channel", **body}

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        if event.kind == "button":
            return {}
        return {"response_type": "ephemeral", "text": "Searching…"}

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        return (
            OutboundRequest(event.reply_to, self.render(answer, event, base))
            if event.reply_to
            else None
        )

    def post_message(
        self,
        answer: ChatAnswer,
        channel: str,
        secrets: Mapping[str, str],
        settings: Mapping[str, Any],
        base: str,
    ) -> OutboundRequest | None:
        token = secrets.get("bot_token")
        if not token:
            return None
        shown = _post(answer, base, "", "")
        body = {
            "channel_id": channel,
            "message": shown["text"],
            "props": {"attachments": shown["attachments"]},
        }
        url = f"{settings['server'].rstrip('/')}/api/v4/posts"
        return OutboundRequest(url, body, {"Authorization": f"Bearer {token}"})


def button_token(secret: str) -> str:
    """Proves that we made a button, without revealing the secret itself."""
    return hmac.new(secret.encode(), b"button", "sha256").hexdigest()


def _data(request: ChatRequest) -> Any:
    if request.headers.get("content-type", "").startswith("application/json"):
        return request.json()
    try:
        form = parse_qs(request.body.decode())
    except UnicodeDecodeError as error:
        raise BadPayload("The body is not text.") from error
    return {key: values[0] for key, values in form.items()}


def _post(answer: ChatAnswer, base: str, address: str, token: str) -> dict[str, Any]:
    attachments = [_attachment(item, base, address, token) for item in answer.items]
    if answer.footer:
        attachments.append({"footer": clip(answer.footer, 300), "fallback": answer.footer[:300]})
    return {"text": clip(plain(answer.text), MAX_CHARACTERS), "attachments": attachments}


def _attachment(item: AnswerItem, base: str, address: str, token: str) -> dict[str, Any]:
    attachment: dict[str, Any] = {
        "fallback": clip(item.title, 300),
        "title": clip(item.title, 300),
        "text": clip("\n".join(plain(line) for line in item.lines), MAX_CHARACTERS // 4),
    }
    if item.path:
        attachment["title_link"] = f"{base}{item.path}"
    if item.buttons and address:
        attachment["actions"] = [
            {
                "id": f"kb{number}",
                "name": clip(button.label, 40),
                "integration": {
                    "url": address,
                    "context": {"value": button.value, "token": token},
                },
            }
            for number, button in enumerate(item.buttons)
        ]
    return attachment


def plain(words: str) -> str:
    """Text that mentions nobody and holds no Markdown link."""
    return words.replace("@", "@\u200b").replace("[", "\\[")

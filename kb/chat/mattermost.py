"""Mattermost: slash command and buttons. A command is proved by its token, sent with the body."""

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
    Answer,
    BadPayload,
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

DIRECT = re.compile(r"^[a-z0-9]{26}__[a-z0-9]{26}$")
"""The name of a direct channel: both people's ids."""
MOST = 16_000
"""Characters of a post, and of what one attachment may hold."""


class MattermostForm(SecretForm):
    secret = forms.CharField(
        label="Token of the slash command", max_length=500, widget=forms.PasswordInput,
    )  # fmt: skip
    secret_fields = ("secret", "bot_token")
    server = forms.URLField(
        label="Address of the server", max_length=300, assume_scheme="https",
        help_text="Later answers and notifications go there and nowhere else.",
    )  # fmt: skip
    bot_token = bot_token_field("To post notifications.")


class Mattermost(Platform):
    kind = "mattermost"
    title = "Mattermost"
    whispers = True
    SettingsForm = MattermostForm

    def prove(self, incoming: Incoming) -> None:
        """The token of the command; a button brings the one that we put into its context."""
        data = _data(incoming)
        given = text(data, "token", 200) or text(data, "context.token", 200)
        how, _, rest = incoming.headers.get("authorization", "").partition(" ")
        given = given or (rest.strip() if how.lower() == "token" else "")
        expected = incoming.secrets["secret"]
        if dig(data, "context") is not None:
            expected = button_token(expected)
        if not given or not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refused("The token is not that of this workspace's slash command.")

    def read(self, incoming: Incoming) -> Said:
        data = _data(incoming)
        person = text(data, "user_id", 50)
        if not person:
            raise BadPayload("“user_id” is missing.")
        same: dict[str, Any] = {
            "person": person,
            "person_name": text(data, "user_name", 100),
            "channel": text(data, "channel_id", 50),
            "once": text(data, "trigger_id", 300),
        }
        if dig(data, "context") is not None:
            return Said("press", text(data, "context.value", 500), **same)
        alone = bool(DIRECT.match(text(data, "channel_name", 200)))
        words, reply_to = text(data, "text", 3000), text(data, "response_url", 500)
        return Said("command", words, private=alone, reply_to=reply_to, **same)

    def prepare(self, said: Said, secrets: Mapping[str, str], address: str) -> Said:
        token = button_token(secrets["secret"])
        return replace(said, extra={**said.extra, "address": address, "token": token})

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        body = _post(answer, base, said.extra.get("address", ""), said.extra.get("token", ""))
        if said.kind == "press":
            return {"ephemeral_text": clip(answer.text, MOST)}
        return {"response_type": "ephemeral" if answer.whisper else "in_channel", **body}

    def acknowledge(self, said: Said) -> dict[str, Any]:
        if said.kind == "press":
            return {}
        return {"response_type": "ephemeral", "text": "Looking…"}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        return Call(said.reply_to, self.show(answer, said, base)) if said.reply_to else None

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        token = secrets.get("bot_token")
        if not token:
            return None
        shown = _post(answer, base, "", "")
        body = {
            "channel_id": channel, "message": shown["text"],
            "props": {"attachments": shown["attachments"]},
        }  # fmt: skip
        url = f"{settings['server'].rstrip('/')}/api/v4/posts"
        return Call(url, body, {"Authorization": f"Bearer {token}"})


def button_token(secret: str) -> str:
    """What buttons bring back: it proves that we made them and does not show the secret itself."""
    return hmac.new(secret.encode(), b"button", "sha256").hexdigest()


def _data(incoming: Incoming) -> Any:
    if incoming.headers.get("content-type", "").startswith("application/json"):
        return incoming.json()
    try:
        form = parse_qs(incoming.body.decode())
    except UnicodeDecodeError as error:
        raise BadPayload("The body is not text.") from error
    return {key: values[0] for key, values in form.items()}


def _post(answer: Answer, base: str, address: str, token: str) -> dict[str, Any]:
    attachments = [_attachment(item, base, address, token) for item in answer.items]
    if answer.footer:
        attachments.append({"footer": clip(answer.footer, 300), "fallback": answer.footer[:300]})
    return {"text": clip(plain(answer.text), MOST), "attachments": attachments}


def _attachment(item: Item, base: str, address: str, token: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "fallback": clip(item.title, 300),
        "title": clip(item.title, 300),
        "text": clip("\n".join(plain(line) for line in item.lines), MOST // 4),
    }
    if item.path:
        found["title_link"] = f"{base}{item.path}"
    if item.buttons and address:
        found["actions"] = [
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
    return found


def plain(words: str) -> str:
    """Words that mention nobody and mean nothing in Markdown's link syntax."""
    return words.replace("@", "@\u200b").replace("[", "\\[")

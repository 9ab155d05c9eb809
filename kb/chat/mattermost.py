"""Mattermost: slash command and buttons. The body of a command holds the token that proves it."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, form_fields, text
from kb.chat.base import (
    AnswerItem,
    BadPayload,
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
    largest_that_fits,
)

DIRECT = re.compile(r"^[a-z0-9]{26}__[a-z0-9]{26}$")
"""The name of a direct channel: the ids of both people."""
TEAM = r"^[a-z0-9][a-z0-9-]{0,63}\Z"
MAX_CHARACTERS = 16_383
"""Characters of a post. Attachments count here too, though the server allows them more."""
_MARKUP = re.compile(r"[\\`*\[\]#~|>]|(?<!\w)_|_(?!\w)")
"""What formats text there. An underscore inside of a word does not."""


class MattermostForm(SecretForm):
    secret = forms.CharField(
        label=_("Token of the slash command"),
        max_length=500,
        widget=forms.PasswordInput,
    )
    secret_fields = ("secret", "bot_token", "incoming_webhook")
    server = forms.URLField(
        label=_("Address of the server"),
        max_length=300,
        assume_scheme="https",
        help_text=_("Delayed answers and notifications go there and nowhere else."),
    )
    bot_token = bot_token_field(_("To post notifications and open channels."))
    team = forms.CharField(
        label=_("Team"),
        required=False,
        max_length=64,
        validators=[RegexValidator(TEAM, _("As in its address: letters, digits and hyphens."))],
        help_text=_("In which rules open channels, as its address names it: example-team."),
    )
    incoming_webhook = forms.URLField(
        label=_("Incoming webhook"),
        required=False,
        max_length=1000,
        assume_scheme="https",
        help_text=_(
            "For notifications where there is no bot token. It has no threads: an update is "
            "a message of its own."
        ),
    )


class Mattermost(Platform):
    kind = "mattermost"
    title = "Mattermost"
    can_answer_privately = True
    SettingsForm = MattermostForm
    reason_path = "id"

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

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        shown = _post(answer, to.base, to.address, button_token(to.secrets["secret"]))
        token = to.secrets.get("bot_token")
        if not token:
            webhook = to.secrets.get("incoming_webhook")
            # Where it names no channel, the webhook's own one is meant.
            named = {"channel": to.channel} if to.channel else {}
            return OutboundRequest(webhook, {**named, **shown}) if webhook else None
        channel, _, root = (to.thread or to.channel).partition("/")
        body = {
            "channel_id": channel,
            "message": shown["text"],
            "props": {"attachments": shown["attachments"]},
        }
        if root:
            body["root_id"] = root
        url = f"{to.settings['server'].rstrip('/')}/api/v4/posts"
        return OutboundRequest(url, body, {"Authorization": f"Bearer {token}"})

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "channel_id", "id")


def button_token(secret: str) -> str:
    """Proves that we made a button, without revealing the secret itself."""
    return hmac.new(secret.encode(), b"button", "sha256").hexdigest()


def _data(request: ChatRequest) -> Any:
    if request.headers.get("content-type", "").startswith("application/json"):
        return request.json()
    return form_fields(request.body)


def _post(answer: ChatAnswer, base: str, address: str, token: str) -> dict[str, Any]:
    def build(limit: int) -> dict[str, Any]:
        attachments = [_attachment(item, base, address, token, limit) for item in answer.items]
        if answer.footer:
            footer = clip(answer.footer, min(limit, 300))
            attachments.append({"footer": footer, "fallback": footer})
        return {"text": plain(clip(answer.text, limit)), "attachments": attachments}

    post = largest_that_fits(build, _characters, MAX_CHARACTERS)
    while len(post["attachments"]) > 1 and _characters(post) > MAX_CHARACTERS:
        post["attachments"].pop()
    return post


def _characters(post: dict[str, Any]) -> int:
    return len(post["text"]) + len(json.dumps(post["attachments"], ensure_ascii=False))


def _attachment(
    item: AnswerItem, base: str, address: str, token: str, limit: int
) -> dict[str, Any]:
    attachment: dict[str, Any] = {
        "fallback": clip(item.title, min(limit, 300)),
        "title": clip(item.title, min(limit, 300)),
        "text": "\n".join(plain(clip(line, limit)) for line in item.lines),
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
    """Text that mentions nobody and formats nothing."""
    return _MARKUP.sub(r"\\\g<0>", words.replace("@", "@\u200b"))

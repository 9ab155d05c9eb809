"""Microsoft Teams: an outgoing webhook for commands, a Workflows webhook for notifications."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from html import unescape
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text, time_at
from common.signing import REPLAY_WINDOW
from kb.chat.base import (
    AnswerItem,
    BadPayload,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    Destination,
    NotAuthentic,
    OutboundRequest,
    Platform,
    SecretForm,
    clip,
    drop_last,
    largest_that_fits,
)

_TAG = re.compile(r"<at[^<>]*>[^<]*</at>|<[^<>]+>")
MAX_BYTES = 27 * 1024
"""Teams refuses a message of more than 28 KB."""


class TeamsForm(SecretForm):
    secret = forms.CharField(
        label=_("Security token of the outgoing webhook"),
        max_length=500,
        widget=forms.PasswordInput,
        help_text=_("Shown by Teams when the webhook is made."),
    )
    secret_fields = ("secret", "flow")
    flow = forms.URLField(
        label=_("Address of the Workflows webhook"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        help_text=_("“When a Teams webhook request is received”."),
    )


class Teams(Platform):
    """Answers are the response itself: due within five seconds, and readable by everybody."""

    kind = "teams"
    title = "Microsoft Teams"
    deadline = 5.0
    SettingsForm = TeamsForm

    def verify(self, request: ChatRequest) -> None:
        """HMAC-SHA256 of the body, as base64, with the token that Teams showed as base64."""
        how, _, given = request.headers.get("authorization", "").partition(" ")
        if how.upper() != "HMAC" or not given:
            raise NotAuthentic("The header Authorization holds no HMAC.")
        try:
            key = base64.b64decode(request.secrets["secret"], validate=True)
        except (binascii.Error, ValueError):
            raise NotAuthentic("The security token stored here is not what Teams shows.") from None
        wanted = base64.b64encode(hmac.new(key, request.body, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(wanted.encode(), given.strip().encode()):
            raise NotAuthentic("The HMAC does not match the body. Is the security token the same?")
        at = time_at(request.json(), "timestamp")
        if at is None or abs((request.received_at - at).total_seconds()) > REPLAY_WINDOW:
            raise NotAuthentic(
                f"“timestamp” is more than {REPLAY_WINDOW / 60:.0f} minutes from ours."
            )

    def parse(self, request: ChatRequest) -> ChatEvent:
        data = request.json()
        person = text(data, "from.aadObjectId", 60) or text(data, "from.id", 200)
        if not person:
            raise BadPayload("“from.id” is missing.")
        words = unescape(_TAG.sub(" ", str(dig(data, "text", ""))[:5000])).replace("\xa0", " ")
        return ChatEvent(
            "command",
            " ".join(words.split()),
            person,
            text(data, "from.name", 100),
            text(data, "conversation.id", 200),
            event_id=text(data, "id", 100),
        )

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        return {"type": "message", "attachments": _card(answer, base)}

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        return {
            "type": "message",
            "text": "This takes longer than Teams waits: repeat it in a moment.",
        }

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        to = Destination(event.channel, request.secrets, request.settings, base)
        return self.post_message(answer, to)

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        """A flow returns no id of what it posted, so an update is a card of its own."""
        if not to.secrets.get("flow"):
            return None
        return OutboundRequest(
            to.secrets["flow"], {"type": "message", "attachments": _card(answer, to.base)}
        )


def _card(answer: ChatAnswer, base: str) -> list[dict[str, Any]]:
    def build(limit: int) -> dict[str, Any]:
        body = [{**_block(clip(answer.text, limit)), "weight": "bolder"}]
        for item in answer.items:
            body += _item(item, base, limit)
        if answer.footer:
            body.append({**_block(clip(answer.footer, limit)), "isSubtle": True, "size": "small"})
        return {
            "type": "AdaptiveCard",
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "version": "1.4",
            "body": body[:60],
        }

    card = largest_that_fits(build, _bytes, MAX_BYTES)
    drop_last(card["body"], lambda: _bytes(card), MAX_BYTES)
    return [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]


def _bytes(card: dict[str, Any]) -> int:
    return len(json.dumps(card))


def _item(item: AnswerItem, base: str, limit: int) -> list[dict[str, Any]]:
    title = plain(clip(" ".join(item.title.split()), min(limit, 300)))
    shown = f"**[{title}]({base}{item.path})**" if item.path else f"**{title}**"
    rows = [{**_block(""), "text": shown, "spacing": "medium"}]
    rows += [{**_block(clip(line, limit)), "spacing": "none"} for line in item.lines]
    if item.decision_path:
        # An outgoing webhook cannot be pressed: the page does what buttons do elsewhere.
        open_page = {
            "type": "Action.OpenUrl",
            "title": "Confirm or reject",
            "url": f"{base}{item.decision_path}",
        }
        rows.append({"type": "ActionSet", "actions": [open_page]})
    return rows


def _block(words: str) -> dict[str, Any]:
    return {"type": "TextBlock", "wrap": True, "text": plain(words)}


def plain(words: str) -> str:
    """Text escaped for the Markdown of adaptive cards."""
    return re.sub(r"([\\\[\]*_`])", r"\\\1", words)

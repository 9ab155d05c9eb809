"""Microsoft Teams: an outgoing webhook asks us, a Workflows webhook takes what we tell."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from django import forms

from common.payloads import dig, moment, text
from common.signing import REPLAY_WINDOW
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
    clip,
)

_TAG = re.compile(r"<at[^>]*>.*?</at>|<[^>]+>", re.DOTALL)
MOST = 5_000


class TeamsForm(SecretForm):
    secret = forms.CharField(
        label="Security token of the outgoing webhook", max_length=500, widget=forms.PasswordInput,
        help_text="Shown by Teams when the webhook is made.",
    )  # fmt: skip
    secret_fields = ("secret", "flow")
    flow = forms.URLField(
        label="Address of the Workflows webhook", required=False, max_length=2000,
        assume_scheme="https", help_text="“When a Teams webhook request is received”.",
    )  # fmt: skip


class Teams(Platform):
    """An answer is the response itself: it must come within five seconds and all can read it."""

    kind = "teams"
    title = "Microsoft Teams"
    deadline = 5.0
    SettingsForm = TeamsForm

    def prove(self, incoming: Incoming) -> None:
        """HMAC-SHA256 of the body, as base64, with the token that Teams showed as base64."""
        how, _, given = incoming.headers.get("authorization", "").partition(" ")
        if how.upper() != "HMAC" or not given:
            raise Refused("The header Authorization holds no HMAC.")
        try:
            key = base64.b64decode(incoming.secrets["secret"], validate=True)
        except (binascii.Error, ValueError):
            raise Refused("The security token stored here is not what Teams shows.") from None
        wanted = base64.b64encode(hmac.new(key, incoming.body, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(wanted.encode(), given.strip().encode()):
            raise Refused("The HMAC does not fit the body. Is the security token the same?")
        at = moment(incoming.json(), "timestamp")
        if at is None or abs((incoming.at - at).total_seconds()) > REPLAY_WINDOW:
            raise Refused(f"“timestamp” is more than {REPLAY_WINDOW / 60:.0f} minutes from ours.")

    def read(self, incoming: Incoming) -> Said:
        data = incoming.json()
        person = text(data, "from.aadObjectId", 60) or text(data, "from.id", 200)
        if not person:
            raise BadPayload("“from.id” is missing.")
        words = unescape(_TAG.sub(" ", str(dig(data, "text", ""))[:5000])).replace("\xa0", " ")
        return Said(
            "command", " ".join(words.split()), person, text(data, "from.name", 100),
            text(data, "conversation.id", 200), once=text(data, "id", 100),
        )  # fmt: skip

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        return {"type": "message", "attachments": _card(answer, base)}

    def acknowledge(self, said: Said) -> dict[str, Any]:
        return {"type": "message", "text": "This takes longer than Teams waits: ask again soon."}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        return self.post(answer, said.channel, incoming.secrets, incoming.settings, base)

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        if not secrets.get("flow"):
            return None
        return Call(secrets["flow"], {"type": "message", "attachments": _card(answer, base)})


def _card(answer: Answer, base: str) -> list[dict[str, Any]]:
    body = [_block(answer.text)]
    for item in answer.items:
        body += _item(item, base)
    if answer.footer:
        body.append({**_block(answer.footer), "isSubtle": True, "size": "small"})
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": body[:60],
    }
    return [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]


def _item(item: Item, base: str) -> list[dict[str, Any]]:
    title = plain(clip(item.title, 300))
    shown = f"**[{title}]({base}{item.path})**" if item.path else f"**{title}**"
    rows = [{**_block(""), "text": shown, "spacing": "medium"}]
    return [*rows, *({**_block(line), "spacing": "none"} for line in item.lines)]


def _block(words: str) -> dict[str, Any]:
    return {"type": "TextBlock", "wrap": True, "text": clip(plain(words), MOST)}


def plain(words: str) -> str:
    """Words without a meaning in the Markdown of adaptive cards."""
    return re.sub(r"([\[\]()*_`])", r"\\\1", words)

"""Slack: slash command, buttons, message shortcut, mention, and reactions that mark messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from django import forms

from common.payloads import dig, text
from common.signing import Asked, Hmac
from kb.chat.base import (
    Answer,
    BadPayload,
    Call,
    Incoming,
    Item,
    Platform,
    Said,
    SecretForm,
    bot_token_field,
    clip,
    json_of,
)

API = "https://slack.com/api/"
SECTION, HEADER, BLOCKS, BUTTON, VALUE = 3000, 150, 50, 75, 2000
"""Most characters of a section, a header, a button's words and value; most blocks of a message."""


class SlackForm(SecretForm):
    secret = forms.CharField(
        label="Signing secret", max_length=500, widget=forms.PasswordInput,
        help_text="Basic Information → App Credentials.",
    )  # fmt: skip
    secret_fields = ("secret", "bot_token")
    bot_token = bot_token_field(
        "xoxb-…, to answer mentions, post notifications and read marked messages."
    )
    workspace = forms.CharField(
        label="Workspace id", required=False, max_length=20, help_text="T…; others are refused."
    )
    mark = forms.CharField(
        label="Reaction", required=False, initial="pushpin", max_length=50,
        help_text="Messages marked with this emoji go onto the timeline.",
    )  # fmt: skip


class Slack(Platform):
    kind = "slack"
    title = "Slack"
    whispers = True
    hosts = ("hooks.slack.com", "slack.com")
    SettingsForm = SlackForm
    signature = Hmac(
        "x-slack-signature", prefix="v0=", time_header="x-slack-request-timestamp", before="v0:"
    )

    def prove(self, incoming: Incoming) -> None:
        asked = Asked(incoming.headers, incoming.body, incoming.at)
        self.signature.check(asked, [incoming.secrets["secret"]])

    def read(self, incoming: Incoming) -> Said:
        again = "x-slack-retry-num" in incoming.headers
        if incoming.headers.get("content-type", "").startswith("application/json"):
            said = self._event(incoming.json(), incoming.settings, again)
        else:
            form = {key: values[0] for key, values in parse_qs(incoming.body.decode()).items()}
            payload = form.get("payload")
            said = _interaction(json_of(payload)) if payload else _command(form)
        wanted = incoming.settings.get("workspace")
        if wanted and said.kind not in ("hello",) and said.extra.get("team") != wanted:
            return Said("nothing")
        return said

    def _event(self, data: Any, settings: Mapping[str, Any], again: bool) -> Said:
        if text(data, "type") == "url_verification":
            return Said("hello", text(data, "challenge", 500))
        event = dig(data, "event", {})
        kind, channel = text(event, "type"), text(event, "channel", 50)
        extra = {"team": text(data, "team_id", 30)}

        def said(what: str, words: str = "", where: str = channel, alone: bool = False) -> Said:
            return Said(
                what, words, text(event, "user", 50), channel=where, private=alone,
                once=text(data, "event_id", 100), again=again, inline=False, extra=extra,
            )  # fmt: skip

        direct = text(event, "channel_type") == "im"
        if not text(event, "bot_id") and (kind == "app_mention" or (kind == "message" and direct)):
            words = text(event, "text", 3000)
            # “<@U123> checkout 5xx”: the first word is our own name.
            words = words.partition(">")[2] if words.startswith("<@") else words
            extra["thread"] = text(event, "thread_ts", 30) or text(event, "ts", 30)
            return said("command", words.strip(), alone=direct)
        if kind == "reaction_added" and text(event, "reaction") == (settings.get("mark") or "-"):
            extra["ts"] = text(event, "item.ts", 30)
            return said("mark", where=text(event, "item.channel", 50))
        return said("nothing")

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        return {
            "response_type": "ephemeral" if answer.whisper else "in_channel",
            "replace_original": False,
            **_message(answer, base),
        }

    def acknowledge(self, said: Said) -> dict[str, Any]:
        if said.kind in ("command", "press") and said.reply_to:
            return {"response_type": "ephemeral", "text": "Looking…"}
        return {}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        if said.reply_to:
            return Call(said.reply_to, self.show(answer, said, base))
        token = incoming.secrets.get("bot_token")
        if not token or not said.channel:
            return None
        body = {"channel": said.channel, **_message(answer, base)}
        if said.extra.get("thread"):
            body["thread_ts"] = said.extra["thread"]
        method = "chat.postMessage"
        if answer.whisper and not said.private:
            method, body["user"] = "chat.postEphemeral", said.person
        return Call(API + method, body, {"Authorization": f"Bearer {token}"})

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        token = secrets.get("bot_token")
        if not token:
            return None
        body = {"channel": channel, **_message(answer, base)}
        return Call(API + "chat.postMessage", body, {"Authorization": f"Bearer {token}"})

    def ask_more(self, said: Said, secrets: Mapping[str, str]) -> Call | None:
        """The message that a reaction marked: the event only names it."""
        token, at = secrets.get("bot_token"), said.extra.get("ts")
        if said.kind != "mark" or said.text or not token or not at:
            return None
        url = (
            f"{API}conversations.history?channel={said.channel}&latest={at}&inclusive=true&limit=1"
        )
        return Call(url, {}, {"Authorization": f"Bearer {token}"}, method="GET")

    def with_more(self, said: Said, told: bytes) -> Said:
        words = text(json_of(told), "messages.0.text", 3000)
        return replace(said, text=words, at=_time(said.extra.get("ts", "")))


def _command(form: Mapping[str, str]) -> Said:
    if not form.get("user_id"):
        raise BadPayload("“user_id” is missing.")
    return Said(
        "command", form.get("text", "")[:3000], form["user_id"], form.get("user_name", ""),
        form.get("channel_id", ""), form.get("channel_name") == "directmessage",
        form.get("response_url", ""), form.get("trigger_id", ""),
        extra={"team": form.get("team_id", "")},
    )  # fmt: skip


def _interaction(data: Any) -> Said:
    same: dict[str, Any] = {
        "person": text(data, "user.id", 50),
        "person_name": text(data, "user.username", 100) or text(data, "user.name", 100),
        "channel": text(data, "channel.id", 50),
        "reply_to": text(data, "response_url", 500),
        "once": text(data, "trigger_id", 200),
        "inline": False,
        "extra": {"team": text(data, "team.id", 30)},
    }
    kind = text(data, "type")
    if kind == "block_actions":
        return Said("press", text(data, "actions.0.value", VALUE), **same)
    if kind == "message_action":
        words = text(data, "message.text", 3000)
        if text(data, "callback_id") == "kb_note":
            return Said("mark", words, at=_time(text(data, "message.ts", 30)), **same)
        return Said("command", words, **same)
    return Said("nothing", **same)


def _time(stamp: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _message(answer: Answer, base: str) -> dict[str, Any]:
    """Text for notifications and Block Kit for the eye, both under Slack's limits."""
    blocks: list[dict[str, Any]] = [_section(escape(answer.text))]
    for item in answer.items:
        blocks += _blocks(item, base)
    if answer.footer:
        blocks.append({"type": "context", "elements": [_markdown(escape(answer.footer), SECTION)]})
    return {"text": clip(escape(answer.text), SECTION), "blocks": blocks[:BLOCKS]}


def _blocks(item: Item, base: str) -> list[dict[str, Any]]:
    title = escape(clip(item.title, HEADER))
    # A pipe or an angle bracket would end Slack's way of writing a link.
    head = f"*<{base}{item.path}|{title.replace('|', '¦')}>*" if item.path else f"*{title}*"
    found = [_section("\n".join([head, *map(escape, item.lines)]))]
    if item.buttons:
        found.append(
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": clip(button.label, BUTTON)},
                        "value": button.value[:VALUE],
                        "action_id": f"kb-{number}",
                    }
                    for number, button in enumerate(item.buttons[:5])
                ],
            }
        )
    return found


def _markdown(words: str, most: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": clip(words, most) or "–"}


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _markdown(words, SECTION)}

"""Slack: slash command, buttons, message shortcut, mention, and reactions that mark messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django import forms

from common.payloads import dig, form_fields, text
from common.signing import Hmac, SignedRequest
from kb.chat.base import (
    AnswerItem,
    BadPayload,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    Destination,
    Outbound,
    OutboundRequest,
    Platform,
    SecretForm,
    bot_token_field,
    clip,
    drop_last,
    id_in,
    json_of,
    largest_that_fits,
)

API = "https://slack.com/api/"
SECTION, HEADER, BLOCKS, BUTTON, VALUE = 3000, 150, 50, 75, 2000
"""Slack's limits: characters of a section, a header, a button's label and value; blocks."""
MAX_CHARACTERS = 12_000
"""Of all blocks as JSON: Slack refuses more than some 13,000 as `msg_blocks_too_long`."""
LONGEST_ESCAPE = len("&amp;")


class SlackForm(SecretForm):
    secret = forms.CharField(
        label="Signing secret",
        max_length=500,
        widget=forms.PasswordInput,
        help_text="Basic Information → App Credentials.",
    )
    secret_fields = ("secret", "bot_token", "incoming_webhook")
    bot_token = bot_token_field(
        "xoxb-…, to answer mentions, post notifications and read marked messages."
    )
    incoming_webhook = forms.URLField(
        label="Incoming webhook",
        required=False,
        max_length=1000,
        assume_scheme="https",
        help_text="For notifications where there is no bot token. It has one channel and no "
        "threads: an update is a message of its own.",
    )
    workspace = forms.CharField(
        label="Workspace id", required=False, max_length=20, help_text="T…; others are refused."
    )
    mark = forms.CharField(
        label="Reaction",
        required=False,
        initial="pushpin",
        max_length=50,
        help_text="Messages marked with this emoji go onto the timeline.",
    )


class Slack(Platform):
    kind = "slack"
    title = "Slack"
    can_answer_privately = True
    hosts = ("hooks.slack.com", "slack.com")
    SettingsForm = SlackForm
    signature = Hmac(
        "x-slack-signature", prefix="v0=", time_header="x-slack-request-timestamp", before="v0:"
    )

    def verify(self, request: ChatRequest) -> None:
        signed_request = SignedRequest(request.headers, request.body, request.received_at)
        self.signature.check(signed_request, [request.secrets["secret"]])

    def parse(self, request: ChatRequest) -> ChatEvent:
        if request.headers.get("content-type", "").startswith("application/json"):
            is_retry = "x-slack-retry-num" in request.headers
            event = _event(request.json(), request.settings, is_retry)
        else:
            form = form_fields(request.body)
            payload = form.get("payload")
            event = _interaction(json_of(payload)) if payload else _command(form)
        team = request.settings.get("workspace")
        if team and event.kind != "handshake" and event.extra.get("team") != team:
            return ChatEvent("ignore")
        return event

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        return {
            "response_type": "ephemeral" if answer.private else "in_channel",
            "replace_original": False,
            **({"thread_ts": thread} if (thread := _thread(answer, event)) else {}),
            **_message(answer, base),
        }

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        if event.kind in ("command", "button") and event.reply_to:
            return {"response_type": "ephemeral", "text": "Searching…"}
        return {}

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        if event.reply_to:
            return OutboundRequest(event.reply_to, self.render(answer, event, base))
        token = request.secrets.get("bot_token")
        if not token or not event.channel:
            return None
        body = {"channel": event.channel, **_message(answer, base)}
        if event.extra.get("thread"):
            body["thread_ts"] = event.extra["thread"]
        method = "chat.postMessage"
        if answer.private and not event.private:
            method, body["user"] = "chat.postEphemeral", event.person
        return OutboundRequest(API + method, body, {"Authorization": f"Bearer {token}"})

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        token, message = to.secrets.get("bot_token"), _message(answer, to.base)
        if not token:
            webhook = to.secrets.get("incoming_webhook")
            return OutboundRequest(webhook, message) if webhook else None
        channel, _, thread = (to.thread or to.channel).partition("/")
        body = {"channel": channel, "unfurl_links": False, "unfurl_media": False, **message}
        if thread:
            body["thread_ts"] = thread
        return OutboundRequest(API + "chat.postMessage", body, {"Authorization": f"Bearer {token}"})

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "channel", "ts")

    def details_request(
        self, event: ChatEvent, secrets: Mapping[str, str]
    ) -> OutboundRequest | None:
        """A reaction names the marked message only by its time."""
        token, at = secrets.get("bot_token"), event.extra.get("ts")
        if event.kind != "mark" or event.text or not token or not at:
            return None
        url = (
            f"{API}conversations.history?channel={event.channel}&latest={at}&inclusive=true&limit=1"
        )
        return OutboundRequest(url, {}, {"Authorization": f"Bearer {token}"}, method="GET")

    def with_details(self, event: ChatEvent, response: bytes) -> ChatEvent:
        words = text(json_of(response), "messages.0.text", 3000)
        return replace(event, text=words, at=_time(event.extra.get("ts", "")))


def _event(data: Any, settings: Mapping[str, Any], is_retry: bool) -> ChatEvent:
    """A mention, a direct message or a reaction, as the Events API sends it."""
    if text(data, "type") == "url_verification":
        return ChatEvent("handshake", text(data, "challenge", 500))
    payload = dig(data, "event", {})
    kind, direct = text(payload, "type"), text(payload, "channel_type") == "im"
    event = ChatEvent(
        "ignore",
        person=text(payload, "user", 50),
        channel=text(payload, "channel", 50),
        event_id=text(data, "event_id", 100),
        is_retry=is_retry,
        answer_inline=False,
        extra={"team": text(data, "team_id", 30)},
    )
    if not text(payload, "bot_id") and (kind == "app_mention" or (kind == "message" and direct)):
        words = text(payload, "text", 3000)
        # “<@U123> checkout 5xx”: the first word is our own name.
        words = words.partition(">")[2] if words.startswith("<@") else words
        thread = text(payload, "thread_ts", 30) or text(payload, "ts", 30)
        extra = {**event.extra, "thread": thread}
        return replace(event, kind="command", text=words.strip(), private=direct, extra=extra)
    if kind == "reaction_added" and text(payload, "reaction") == (settings.get("mark") or "-"):
        extra = {**event.extra, "ts": text(payload, "item.ts", 30)}
        return replace(event, kind="mark", channel=text(payload, "item.channel", 50), extra=extra)
    return event


def _command(form: Mapping[str, str]) -> ChatEvent:
    if not form.get("user_id"):
        raise BadPayload("“user_id” is missing.")
    return ChatEvent(
        "command",
        form.get("text", "")[:3000],
        form["user_id"],
        form.get("user_name", ""),
        form.get("channel_id", ""),
        form.get("channel_name") == "directmessage",
        form.get("response_url", ""),
        form.get("trigger_id", ""),
        extra={"team": form.get("team_id", "")},
    )


def _interaction(data: Any) -> ChatEvent:
    common: dict[str, Any] = {
        "person": text(data, "user.id", 50),
        "person_name": text(data, "user.username", 100) or text(data, "user.name", 100),
        "channel": text(data, "channel.id", 50),
        "reply_to": text(data, "response_url", 500),
        "event_id": text(data, "trigger_id", 200),
        "answer_inline": False,
        "extra": {
            "team": text(data, "team.id", 30),
            "thread": text(data, "message.thread_ts", 30),
            "message": ""
            if dig(data, "container.is_ephemeral") is True
            else text(data, "message.ts", 30),
        },
    }
    kind = text(data, "type")
    if kind == "block_actions":
        return ChatEvent("button", text(data, "actions.0.value", VALUE), **common)
    if kind == "message_action":
        words = text(data, "message.text", 3000)
        if text(data, "callback_id") == "kb_note":
            return ChatEvent("mark", words, at=_time(text(data, "message.ts", 30)), **common)
        return ChatEvent("command", words, **common)
    return ChatEvent("ignore", **common)


def _thread(answer: ChatAnswer, event: ChatEvent) -> str:
    """Below the message with the button. A private answer in a thread that nobody has begun would
    not be shown."""
    return event.extra.get("thread", "") or (
        "" if answer.private else event.extra.get("message", "")
    )


def _time(stamp: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(words: str, limit: int) -> str:
    """Escaped, at most `limit` characters, and not cut inside of what an escape became."""
    whole = escape(clip(words, limit))
    return whole if len(whole) <= limit else escape(clip(words, limit // LONGEST_ESCAPE))


def _message(answer: ChatAnswer, base: str) -> dict[str, Any]:
    """Plain text for notifications and Block Kit, both under Slack's limits."""

    def build(limit: int) -> list[dict[str, Any]]:
        blocks = [_section(escaped(answer.text, limit))]
        for item in answer.items:
            blocks += _blocks(item, base, limit)
        if answer.footer:
            footer = _markdown(escaped(answer.footer, limit))
            blocks.append({"type": "context", "elements": [footer]})
        return blocks[:BLOCKS]

    blocks = largest_that_fits(build, _characters, MAX_CHARACTERS)
    drop_last(blocks, lambda: _characters(blocks), MAX_CHARACTERS)
    return {"text": escaped(answer.preview, SECTION), "blocks": blocks}


def _characters(blocks: list[dict[str, Any]]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))


def _blocks(item: AnswerItem, base: str, limit: int) -> list[dict[str, Any]]:
    title = escape(clip(" ".join(item.title.split()), min(limit, HEADER)))
    # A pipe or an angle bracket would end Slack's way of writing a link.
    shown = f"*<{base}{item.path}|{title.replace('|', '¦')}>*" if item.path else f"*{title}*"
    for line in item.lines:
        left = SECTION - len(shown) - 1
        if left <= 0:
            break
        shown += "\n" + escaped(line, min(limit, left))
    blocks = [_section(shown)]
    if item.buttons:
        blocks.append(
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
    return blocks


def _markdown(words: str) -> dict[str, Any]:
    # Verbatim: no name in a text of ours becomes a mention or a link to a channel.
    return {"type": "mrkdwn", "text": words or "–", "verbatim": True}


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _markdown(words)}

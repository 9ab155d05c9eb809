"""Slack: public and private channels by the Conversations API.

https://docs.slack.dev/reference/methods, read on 2026-11-28: names of up to 80 lower-case letters,
digits, hyphens and underscores, and an archived channel's name stays taken; topic and purpose of up
to 250 characters; 20 requests a minute for creating, topics and archiving, more for the others.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from common.payloads import dig, listed, text
from common.slack_words import OWN_MESSAGE, REFUSED_TOKENS
from common.written_times import without_accents
from kb.channel_hosts.base import ChannelHost, FoundChannel
from kb.chat import slack
from kb.chat.base import OutboundRequest

WORDS = 250
PAGE, NEWEST = 200, 15
"""Channels of a page; messages among which one is found again: Slack allows some apps no more."""
_NOT_ALLOWED = re.compile(r"[^a-z0-9_]+")


class SlackChannels(ChannelHost):
    kind = "slack"
    name_taken = ("name_taken",)
    so_already = ("already_in_channel", "already_archived", "cant_invite_self")
    missing = ("channel_not_found", "is_archived")
    locked_out = REFUSED_TOKENS

    def problem(self) -> str:
        if self.secrets.get("bot_token"):
            return ""
        return "Enter a bot token in the settings: an incoming webhook cannot create channels."

    def allowed_name(self, words: str) -> str:
        plain = _NOT_ALLOWED.sub("-", without_accents(words).lower())
        return plain[: self.longest_name].strip("-_") or "incident"

    def create(self, name: str, private: bool) -> OutboundRequest:
        return self._post("conversations.create", name=name, is_private=private)

    def created_id(self, answer: Any) -> str:
        return text(answer, "channel.id", 50)

    def who_am_i(self) -> OutboundRequest:
        return self._post("auth.test")

    def own_id(self, answer: Any) -> str:
        return text(answer, "user_id", 50)

    def own_channels(self, name: str, private: bool, cursor: str) -> OutboundRequest:
        kind = "private_channel" if private else "public_channel"
        return self._get(
            "users.conversations", types=kind, exclude_archived="true", limit=PAGE, cursor=cursor
        )

    def listed(self, answer: Any) -> tuple[list[FoundChannel], str]:
        found = [
            FoundChannel(
                text(each, "id", 50), text(each, "name", 100), text(each, "creator", 50),
                _seconds(dig(each, "created")), dig(each, "is_private") is True,
            )
            for each in listed(answer, "channels")
        ]  # fmt: skip
        return found, text(answer, "response_metadata.next_cursor", 300)

    def describe(self, channel: str, text: str) -> OutboundRequest:
        return self._post("conversations.setPurpose", channel=channel, purpose=_words(text))

    def set_topic(self, channel: str, text: str) -> OutboundRequest:
        return self._post("conversations.setTopic", channel=channel, topic=_words(text))

    def with_key(self, message: OutboundRequest, key: str) -> OutboundRequest:
        metadata = {"event_type": OWN_MESSAGE, "event_payload": {"key": key}}
        return replace(message, body={**message.body, "metadata": metadata})

    def newest_messages(self, channel: str) -> OutboundRequest:
        return self._get(
            "conversations.history", channel=channel, limit=NEWEST, include_all_metadata="true"
        )

    def posted_keys(self, answer: Any) -> set[str]:
        return {
            text(each, "metadata.event_payload.key", 100)
            for each in listed(answer, "messages")
            if text(each, "metadata.event_type") == OWN_MESSAGE
        }

    def invite(self, channel: str, person: str) -> OutboundRequest:
        return self._post("conversations.invite", channel=channel, users=person)

    def remove(self, channel: str, person: str) -> OutboundRequest:
        return self._post("conversations.kick", channel=channel, user=person)

    def archive(self, channel: str) -> OutboundRequest:
        return self._post("conversations.archive", channel=channel)

    def address(self, channel: str) -> str:
        team = self.settings.get("workspace")
        query = {"channel": channel, **({"team": team} if team else {})}
        return f"https://slack.com/app_redirect?{urlencode(query)}"

    def _post(self, method: str, **body: Any) -> OutboundRequest:
        return OutboundRequest(slack.API + method, body, self._headers())

    def _get(self, method: str, **query: Any) -> OutboundRequest:
        sent = urlencode({name: value for name, value in query.items() if value != ""})
        return OutboundRequest(f"{slack.API}{method}?{sent}", {}, self._headers(), method="GET")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets['bot_token']}"}


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _words(text: str) -> str:
    """As Slack takes them: neither a mention nor a link of its own mark-up."""
    return slack.escaped(" ".join(text.split()), WORDS)

"""A server that answers as Slack's Web API does: channels, their members, messages and threads.

Methods, names, limits, errors and shapes are those of https://docs.slack.dev/reference/methods,
read on 2026-11-28. A refusal has status 200; only too many requests have another, 429.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.json_server import Answer
from tests.vendor_server import TOKEN, slack_problem

BOT = "U0BOT"
READS = {
    "conversations.history", "conversations.replies", "conversations.info", "users.conversations",
    "users.info", "auth.test",
}  # fmt: skip
NAME = re.compile(r"[a-z0-9_-]{1,80}\Z")
Fields = dict[str, Any]


class Refused(Exception):
    """With Slack's word for why."""


@dataclass
class Channel:
    id: str
    name: str
    is_private: bool = False
    creator: str = BOT
    created: int = field(default_factory=lambda: int(time.time()))
    members: set[str] = field(default_factory=set)
    topic: str = ""
    purpose: str = ""
    archived: bool = False
    messages: list[Fields] = field(default_factory=list)
    """Oldest first; a reply has the `thread_ts` of its parent."""

    def shown(self) -> Fields:
        return {
            "id": self.id, "name": self.name, "is_private": self.is_private,
            "creator": self.creator, "created": self.created, "is_archived": self.archived,
            "topic": {"value": self.topic}, "purpose": {"value": self.purpose},
            "is_member": BOT in self.members,
        }  # fmt: skip

    def say(self, words: str, at: float, user: str = "U0ADA", **more: Any) -> str:
        ts = f"{at:.6f}"
        message = {"type": "message", "user": user, "text": words, "ts": ts, **more}
        self.messages.append({key: value for key, value in message.items() if value})
        return ts

    def replies(self, ts: str) -> list[Fields]:
        return [each for each in self.messages if each.get("thread_ts") == ts]


class FakeSlack:
    def __init__(self, token: str = TOKEN) -> None:
        self.url = ""
        self.token = token
        self.channels: dict[str, Channel] = {}
        self.users = {"U0ADA": "Ada Example", "U0BOB": "Bob Example"}
        self.calls: list[tuple[str, Fields]] = []
        self.failures: list[Answer] = []
        """With what the next requests are answered instead."""
        self.refusals: dict[str, str] = {}
        """By method, the word with which it is refused."""
        self.lost: list[str] = []
        """Methods whose next call is done, and nobody hears of it."""
        self.most_messages = 1000
        """Of a page of history; 15 for some apps since 2025."""

    def channel(self, name: str, **fields: Any) -> Channel:
        number = len(self.channels) + 1
        row = Channel(f"{'G' if fields.get('is_private') else 'C'}0{number:04}", name, **fields)
        row.members.add(BOT)
        self.channels[row.id] = row
        return row

    def only(self) -> Channel:
        [row] = self.channels.values()
        return row

    def names(self) -> list[str]:
        return [each.name for each in self.channels.values()]

    def called(self, method: str) -> list[Fields]:
        return [fields for name, fields in self.calls if name == method]

    def limit(self, seconds: int) -> None:
        answer = {"ok": False, "error": "ratelimited"}
        self.failures.append((429, {"Retry-After": str(seconds)}, answer))

    def respond(self, method: str, path: str, headers: dict[str, str], body: Any) -> Answer:
        address = urlsplit(path)
        name = address.path.removeprefix("/api/")
        fields = {**dict(parse_qsl(address.query)), **(body or {})}
        if self.failures:
            return self.failures.pop(0)
        self.calls.append((name, fields))
        if headers.get("authorization") != f"Bearer {self.token}":
            return 200, {}, {"ok": False, "error": "invalid_auth"}
        if name in self.refusals:
            return 200, {}, {"ok": False, "error": self.refusals[name]}
        act: Callable[[Fields], Fields] | None = getattr(self, name.replace(".", "_"), None)
        if act is None or (method == "GET" and name not in READS):
            return 200, {}, {"ok": False, "error": "unknown_method"}
        try:
            answer = act(fields)
        except Refused as error:
            return 200, {}, {"ok": False, "error": str(error)}
        if name in self.lost:
            self.lost.remove(name)
            return 503, {}, {}
        return 200, {}, {"ok": True, **answer}

    def _open(self, fields: Fields) -> Channel:
        row = self.channels.get(fields.get("channel", ""))
        if row is None:
            raise Refused("channel_not_found")
        if row.archived:
            raise Refused("is_archived")
        if BOT not in row.members:
            raise Refused("not_in_channel")
        return row

    def auth_test(self, fields: Fields) -> Fields:
        return {"user_id": BOT, "bot_id": "B0BOT", "team": "Example", "team_id": "T0EX",
                "user": "causebook"}  # fmt: skip

    def conversations_create(self, fields: Fields) -> Fields:
        name = fields["name"]
        if not NAME.match(name):
            raise Refused("invalid_name_specials" if len(name) <= 80 else "invalid_name_maxlength")
        if name in self.names():
            raise Refused("name_taken")
        private = str(fields.get("is_private")).lower() in ("true", "1")
        return {"channel": self.channel(name, is_private=private).shown()}

    def users_conversations(self, fields: Fields) -> Fields:
        private = fields["types"] == "private_channel"
        rows = [
            each for each in self.channels.values()
            if BOT in each.members and not each.archived and each.is_private == private
        ]  # fmt: skip
        start, limit = int(fields.get("cursor") or 0), int(fields["limit"])
        following = str(start + limit) if start + limit < len(rows) else ""
        shown = [each.shown() for each in rows[start : start + limit]]
        return {"channels": shown, "response_metadata": {"next_cursor": following}}

    def conversations_info(self, fields: Fields) -> Fields:
        row = self.channels.get(fields.get("channel", ""))
        if row is None or (row.is_private and BOT not in row.members):
            raise Refused("channel_not_found")
        return {"channel": row.shown()}

    def conversations_setTopic(self, fields: Fields) -> Fields:
        row = self._open(fields)
        if len(fields["topic"]) > 250:
            raise Refused("too_long")
        row.topic = fields["topic"]
        return {"channel": row.shown()}

    def conversations_setPurpose(self, fields: Fields) -> Fields:
        row = self._open(fields)
        if len(fields["purpose"]) > 250:
            raise Refused("too_long")
        row.purpose = fields["purpose"]
        return {"channel": row.shown()}

    def conversations_invite(self, fields: Fields) -> Fields:
        row = self._open(fields)
        for user in fields["users"].split(","):
            if user not in self.users:
                raise Refused("user_not_found")
            if user in row.members:
                raise Refused("already_in_channel")
            row.members.add(user)
        return {"channel": row.shown()}

    def conversations_kick(self, fields: Fields) -> Fields:
        row = self._open(fields)
        if fields["user"] not in row.members:
            raise Refused("not_in_channel")
        row.members.remove(fields["user"])
        return {}

    def conversations_archive(self, fields: Fields) -> Fields:
        row = self.channels[fields["channel"]]
        if row.archived:
            raise Refused("already_archived")
        row.archived = True
        return {}

    def chat_postMessage(self, fields: Fields) -> Fields:
        row = self._open(fields)
        if problem := slack_problem(fields):
            raise Refused(problem.partition(":")[0])
        ts = row.say(fields["text"], time.time(), BOT, bot_id="B0BOT",
                     blocks=fields["blocks"], metadata=fields.get("metadata"))  # fmt: skip
        return {"channel": row.id, "ts": ts, "message": {"text": fields["text"]}}

    def _page(self, rows: list[Fields], fields: Fields) -> Fields:
        """With the bounds and the cursor that history and replies have in common."""
        oldest, latest = float(fields.get("oldest") or 0), float(fields.get("latest") or 2e9)
        rows = [each for each in rows if oldest < float(each["ts"]) <= latest]
        start = int(fields.get("cursor") or 0)
        end = start + min(int(fields.get("limit") or 100), self.most_messages)
        metadata = {"next_cursor": str(end)} if end < len(rows) else {}
        return {"messages": rows[start:end], "has_more": end < len(rows),
                "response_metadata": metadata}  # fmt: skip

    def conversations_history(self, fields: Fields) -> Fields:
        row = self.channels.get(fields.get("channel", ""))
        if row is None:
            raise Refused("channel_not_found")
        if BOT not in row.members:
            raise Refused("not_in_channel")
        top = [each for each in row.messages if each.get("thread_ts") in (None, each["ts"])]
        shown = []
        for each in sorted(top, key=lambda each: float(each["ts"]), reverse=True):
            count = len(row.replies(each["ts"]))
            replies = {"thread_ts": each["ts"], "reply_count": count}
            replies["latest_reply"] = max(
                (reply["ts"] for reply in row.replies(each["ts"])), default=""
            )
            thread = replies if count else {}
            shown.append({**each, **thread})
        return self._page(shown, fields)

    def conversations_replies(self, fields: Fields) -> Fields:
        row = self.channels.get(fields.get("channel", ""))
        if row is None:
            raise Refused("channel_not_found")
        parent = [each for each in row.messages if each["ts"] == fields["ts"]]
        if not parent:
            raise Refused("thread_not_found")
        return self._page([*parent, *row.replies(fields["ts"])], fields)

    def users_info(self, fields: Fields) -> Fields:
        name = self.users.get(fields["user"])
        if name is None:
            raise Refused("user_not_found")
        profile = {"real_name": name, "display_name": ""}
        return {"user": {"id": fields["user"], "name": "x", "profile": profile, "is_bot": False}}

"""A server that answers as Mattermost's REST API does: a team, its channels, members and posts.

Paths, limits, words of refusals and shapes are those of its API 4 and its server's source,
https://github.com/mattermost/mattermost, read on 2026-11-28.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.json_server import Answer
from tests.vendor_server import TOKEN

Fields = dict[str, Any]
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
TEAM = "t" * 26
BOT, ADA, BOB = (letter * 26 for letter in "bax")


class Refused(Exception):
    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status


@dataclass
class Channel:
    id: str
    name: str
    type: str = "O"
    creator: str = BOT
    members: set[str] = field(default_factory=set)
    purpose: str = ""
    header: str = ""
    archived: bool = False
    posts: list[Fields] = field(default_factory=list)

    def shown(self) -> Fields:
        return {
            "id": self.id, "name": self.name, "type": self.type, "team_id": TEAM,
            "creator_id": self.creator, "create_at": int(time.time() * 1000),
            "delete_at": int(self.archived), "purpose": self.purpose, "header": self.header,
        }  # fmt: skip


class FakeMattermost:
    def __init__(self) -> None:
        self.url = ""
        self.token = TOKEN
        self.channels: dict[str, Channel] = {}
        self.users = {ADA: ("ada", "ada@example.com"), BOB: ("bob", "bob@example.com")}
        self.calls: list[tuple[str, str]] = []
        self.lost: list[tuple[str, str]] = []
        """Calls of which the next one is done, and nobody hears of it."""

    def channel(self, name: str, **fields: Any) -> Channel:
        row = Channel(f"{len(self.channels):026}", name, **fields)
        self.channels[row.id] = row
        return row

    def only(self) -> Channel:
        [row] = self.channels.values()
        return row

    def respond(self, method: str, path: str, headers: dict[str, str], body: Any) -> Answer:
        address = urlsplit(path).path.removeprefix("/api/v4/")
        parts = [unquote(part) for part in address.split("/")]
        self.calls.append((method, parts[0]))
        try:
            if headers.get("authorization") != f"Bearer {self.token}":
                raise Refused(401, "api.context.session_expired.app_error")
            status, answer = self._act(method, parts, body or {})
        except Refused as error:
            shown = {"id": str(error), "message": "No.", "status_code": error.status}
            return error.status, {}, shown
        if (method, parts[0]) in self.lost:
            self.lost.remove((method, parts[0]))
            return 502, {}, {"id": "proxy"}
        return status, {}, answer

    def _act(self, method: str, parts: list[str], body: Fields) -> tuple[int, Any]:
        match method, parts:
            case "GET", ["users", "me"]:
                return 200, {"id": BOT, "username": "causebook", "is_bot": True}
            case "GET", ["users", "email" | "username" as by, value]:
                return 200, {"id": self._user(by, value)}
            case "GET", ["teams", "name", "example"]:
                return 200, {"id": TEAM, "name": "example"}
            case "GET", ["teams", "name", _]:
                raise Refused(404, "app.team.get_by_name.missing.app_error")
            case "GET", ["teams", str(), "channels", "name", name]:
                return 200, self._named(name).shown()
            case "POST", ["channels"]:
                return 201, self._create(body).shown()
            case "PUT", ["channels", key, "patch"]:
                return 200, self._patch(self._channel(key), body)
            case "POST", ["channels", key, "members"]:
                row = self._channel(key, "api.channel.add_user_to_channel.deleted.app_error")
                row.members.add(body["user_id"])
                return 201, {"channel_id": key, "user_id": body["user_id"]}
            case "DELETE", ["channels", key, "members", person]:
                self._channel(key).members.discard(person)
                return 200, {"status": "OK"}
            case "DELETE", ["channels", key]:
                self._channel(key, "api.channel.delete_channel.deleted.app_error").archived = True
                return 200, {"status": "OK"}
            case "GET", ["channels", key, "posts"]:
                posts = {each["id"]: each for each in self._channel(key).posts}
                return 200, {"order": [*posts][::-1], "posts": posts}
            case "POST", ["posts"]:
                return 201, self._post(body)
        raise Refused(404, "api.context.404.app_error")

    def _user(self, by: str, value: str) -> str:
        for key, (username, email) in self.users.items():
            if value == (email if by == "email" else username):
                return key
        miss = "app.user.missing_account.const"
        raise Refused(404, miss if by == "email" else "app.user.get_by_username.app_error")

    def _named(self, name: str) -> Channel:
        for row in self.channels.values():
            if row.name == name and not row.archived:
                return row
        raise Refused(404, "app.channel.get_by_name.missing.app_error")

    def _create(self, body: Fields) -> Channel:
        if body["team_id"] != TEAM or body["type"] not in ("O", "P"):
            raise Refused(400, "api.context.invalid_body_param.app_error")
        if not NAME.match(body["name"]) or not 0 < len(body["display_name"]) <= 64:
            raise Refused(400, "model.channel.is_valid.1_or_more.app_error")
        if body["name"] in [row.name for row in self.channels.values()]:
            raise Refused(400, "store.sql_channel.save_channel.exists.app_error")
        return self.channel(body["name"], type=body["type"], members={BOT})

    def _channel(self, key: str, archived: str = "app.channel.update.bad_id") -> Channel:
        row = self.channels.get(key)
        if row is None:
            raise Refused(404, "app.channel.get.existing.app_error")
        if row.archived:
            raise Refused(400, archived)
        return row

    def _patch(self, row: Channel, body: Fields) -> Fields:
        if len(body.get("purpose", "")) > 250 or len(body.get("header", "")) > 1024:
            raise Refused(400, "model.channel.is_valid.purpose.app_error")
        row.purpose = body.get("purpose", row.purpose)
        row.header = body.get("header", row.header)
        return row.shown()

    def _post(self, body: Fields) -> Fields:
        row = self._channel(
            body["channel_id"], "api.post.create_post.can_not_post_to_deleted.error"
        )
        if len(body["message"]) > 16_383:
            raise Refused(400, "model.post.is_valid.message_length.app_error")
        post = {**body, "id": f"{len(row.posts):026}", "user_id": BOT}
        row.posts.append(post)
        return post

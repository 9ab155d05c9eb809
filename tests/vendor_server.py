"""A server that accepts what Slack and Mattermost accept, nothing else; pagers beside them.

Its rules are those of the vendors' references: headers, shapes, lengths, threads that exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.json_server import Answer, serving
from tests.pager_server import Pagers

TOKEN = "xoxb-for-tests"
Reply = tuple[int, dict[str, Any]]


@dataclass
class Vendors:
    """What was posted, by vendor, in the order in which it came."""

    url: str = ""
    slack: list[dict[str, Any]] = field(default_factory=list)
    mattermost: list[dict[str, Any]] = field(default_factory=list)
    pagers: Pagers = field(default_factory=lambda: Pagers(keys={TOKEN}))

    def respond(self, method: str, path: str, headers: dict[str, str], body: Any) -> Answer:
        if not path.startswith("/api/"):
            return self.pagers.respond(method, path, headers, body)
        if method != "POST":
            return 501, {}, {"error": f"no {method}"}
        status, answer = self.answer(path, headers, body)
        return status, {}, answer

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        if path == "/api/chat.postMessage":
            return self._slack(headers, body)
        if path == "/api/v4/posts":
            return self._mattermost(headers, body)
        return 404, {"error": f"no {path}"}

    def _slack(self, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        if problem := slack_problem(body):
            return 200, {"ok": False, "error": problem}
        roots = {post["ts"] for post in self.slack if "thread_ts" not in post}
        if "thread_ts" in body and body["thread_ts"] not in roots:
            return 200, {"ok": False, "error": "thread_not_found"}
        ts = f"1763953200.{len(self.slack):06}"
        self.slack.append({**body, "ts": ts})
        return 200, {"ok": True, "channel": "C0OPS", "ts": ts, "message": {"text": body["text"]}}

    def _mattermost(self, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"id": "api.context.session_expired.app_error"}
        if len(body["message"]) > 16_383:
            return 400, {"id": "model.post.is_valid.message_length.app_error"}
        if body.get("root_id"):
            root = next((post for post in self.mattermost if post["id"] == body["root_id"]), None)
            if root is None or root.get("root_id") or root["channel_id"] != body["channel_id"]:
                return 400, {"id": "api.post.create_post.root_id.app_error"}
        post = {**body, "id": f"{len(self.mattermost):026}"}
        self.mattermost.append(post)
        return 201, post


def slack_problem(body: dict[str, Any]) -> str:
    """What Slack would refuse of a message, as its error; empty for nothing."""
    if len(body["blocks"]) > 50:
        return "invalid_blocks: more than 50"
    if len(json.dumps(body["blocks"], ensure_ascii=False)) > 13_000:
        return "msg_blocks_too_long"
    for block in body["blocks"]:
        kind = block["type"]
        texts = {"section": [block.get("text")], "context": block.get("elements")}.get(kind, [])
        for each in texts or []:
            if each is None or not 0 < len(each["text"]) <= 3000:
                return "invalid_blocks: text of 1 to 3000 characters"
        if kind == "actions":
            buttons = block["elements"]
            if not 0 < len(buttons) <= 25 or len({b["action_id"] for b in buttons}) < len(buttons):
                return "invalid_blocks: buttons"
            if any(len(b["text"]["text"]) > 75 or len(b["value"]) > 2000 for b in buttons):
                return "invalid_blocks: button too long"
    return "" if body["text"] else "no_text"


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    state = Vendors()
    with serving(state.respond) as state.url:
        yield state

"""Requests as chat platforms make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime

from kb.chat.base import ChatRequest

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def signed(body: str, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    signature = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature.hexdigest()}",
    }


def incoming(body: str, headers: dict[str, str], at: float, **secrets: str) -> ChatRequest:
    return ChatRequest(headers, body.encode(), datetime.fromtimestamp(at, UTC), secrets, {})


def teams_request(text: str, at: str, key: bytes = b"sixteen byte key") -> tuple[str, str]:
    body = json.dumps(
        {
            "type": "message", "id": "1485983408511", "timestamp": at,
            "text": f"<at>Causebook</at> {text}", "channelId": "msteams",
            "from": {"id": "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgmB39ATiQWA85gQ", "name": "Ann"},
            "conversation": {"id": "19:253b1f341670408fb6fe51050b6e5ceb@thread.skype"},
        }
    )  # fmt: skip
    digest = hmac.new(key, body.encode("utf-8"), hashlib.sha256).digest()
    return body, f"HMAC {base64.b64encode(digest).decode()}"

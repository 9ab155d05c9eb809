"""Entries posted to a webhook, signed as the plain webhook of chat is."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import httpx

from common.signing import sign

TIMEOUT = 5.0


def send(url: str, secret: str, entries: Sequence[dict[str, Any]]) -> None:
    """Raises httpx.HTTPError where the receiver did not answer with 2xx."""
    body = json.dumps({"entries": list(entries)}, separators=(",", ":")).encode()
    now = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "causebook",
        "X-Causebook-Timestamp": now,
    }
    if secret:
        signature = sign(secret, now.encode() + b"." + body)
        headers["X-Causebook-Signature"] = f"sha256={signature}"
    # No redirects: the entries go to the address that was set.
    httpx.post(
        url, content=body, headers=headers, timeout=TIMEOUT, follow_redirects=False
    ).raise_for_status()

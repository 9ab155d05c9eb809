"""Entries posted to a webhook, signed as the plain webhook of chat is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from common.outbound_addresses import http_client
from common.signing import signed_headers

TIMEOUT = 5.0


def send(url: str, secret: str, entries: Sequence[dict[str, Any]]) -> None:
    """Raises httpx.HTTPError where the receiver did not answer with 2xx, AddressRefused where it is
    in a private network that is not allowed."""
    body = json.dumps({"entries": list(entries)}, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "causebook",
        **signed_headers(body, secret or None),
    }
    with http_client(timeout=TIMEOUT) as client:
        client.post(url, content=body, headers=headers).raise_for_status()

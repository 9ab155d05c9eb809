"""Entries posted to a webhook, signed as the plain webhook of chat is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from common.outbound_addresses import REQUEST_FAILED, AddressRefused, http_client
from common.signing import signed_headers

TIMEOUT = 5.0


class NotSent(Exception):
    """The receiver has not got the entries; the message says why and holds no secret."""


def send(url: str, secret: str, entries: Sequence[dict[str, Any]]) -> None:
    """Raises NotSent where the receiver did not answer with 2xx."""
    body = json.dumps({"entries": list(entries)}, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "causebook",
        **signed_headers(body, secret or None),
    }
    # The path and query of the address may be its secret, so no message repeats them.
    try:
        with (
            http_client(timeout=TIMEOUT) as client,
            # Nobody reads what it answers, however long that is.
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            status, is_success = response.status_code, response.is_success
    except AddressRefused as error:
        raise NotSent(str(error)) from error
    except REQUEST_FAILED as error:
        raise NotSent(f"The webhook could not be reached: {type(error).__name__}.") from error
    if not is_success:
        raise NotSent(f"The webhook answered {status}.")

"""Requests that we make to chat platforms and subscribers: only to hosts that were set up."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import httpx

from kb.chat import registry
from kb.chat.base import Call
from kb.models import Workspace

TIMEOUT = 5.0
MOST_BYTES = 64 * 1024


class NotSent(Exception):
    """It did not get there; the message says why and holds no secret."""


def entered_addresses(workspace: Workspace) -> set[tuple[str, str]]:
    """Scheme and host of the addresses that an administrator entered."""
    entered = [*workspace.settings.values(), *workspace.secrets.values()]
    addresses = (urlsplit(str(each)) for each in entered if str(each).startswith("http"))
    return {(each.scheme, each.netloc) for each in addresses if each.scheme in ("http", "https")}


def send(workspace: Workspace, call: Call) -> bytes:
    """Make the request; what was answered, at most 64 KB. Raises NotSent."""
    where = urlsplit(call.url)
    plugin = registry().get(workspace.kind)
    own = where.scheme == "https" and where.netloc in (plugin.hosts if plugin else ())
    if not own and (where.scheme, where.netloc) not in entered_addresses(workspace):
        raise NotSent(f"{where.hostname} is no address of this workspace.")
    # Compact and in order, as it was signed where it was signed.
    body = json.dumps(call.body, separators=(",", ":")).encode() if call.method != "GET" else None
    headers = {"Content-Type": "application/json", "User-Agent": "causebook", **call.headers}
    try:
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=False) as client,
            client.stream(call.method, call.url, content=body, headers=headers) as answer,
        ):
            read = b""
            for chunk in answer.iter_bytes():
                read += chunk
                if len(read) > MOST_BYTES:
                    break
    except httpx.HTTPError as error:
        raise NotSent(f"{where.hostname}: {type(error).__name__}") from error
    if not answer.is_success:
        raise NotSent(f"{where.hostname} answered {answer.status_code}.")
    # Slack answers 200 to what it refuses, and says so in the body.
    if read.startswith(b'{"ok":false'):
        raise NotSent(f"{where.hostname} refused it: {read[:200].decode('utf-8', 'replace')}")
    return read

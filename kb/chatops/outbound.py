"""Requests to chat platforms and subscribers: only to hosts that an administrator entered.

Mails go by the mail server of the settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from common.outbound_addresses import AddressRefused, http_client, read_body
from common.retry_after import seconds_to_wait
from kb.chat import registry
from kb.chat.base import Outbound, OutboundMail, id_in, json_of
from kb.chat.pagers import Pager
from kb.models import Workspace

TIMEOUT = 5.0
_WORD = re.compile(r"[a-z0-9_.]{1,80}")
_REASON = re.compile(rb'"error":"([a-z_]{1,60})"')
MAX_BYTES, MAX_READ = 64 * 1024, 2 * 1024 * 1024


LONGEST_WAIT, USUAL_WAIT = 900.0, 30.0
"""Seconds that we wait at most because a platform says so."""
WAIT_HEADERS = ("retry-after", "ratelimit-reset", "x-ratelimit-period-in-sec")
"""How platforms say for how many seconds no request is welcome; the second of PagerDuty and Grafana
OnCall, the last of Opsgenie."""


class NotSent(Exception):
    """The request failed or is not allowed; the message says why and holds no secret."""

    def __init__(self, why: str, wait: float = 0.0, status: int = 0, reason: str = "") -> None:
        super().__init__(why)
        self.reason = reason
        """The platform's own word for why it refuses, such as “channel_not_found”."""
        self.wait = wait
        """Seconds for which the platform wants no request."""
        self.status = status
        """With which it answered; 0 where it did not."""


def configured_hosts(workspace: Workspace) -> set[tuple[str, str]]:
    """Scheme and host of the addresses in the settings of a workspace."""
    values = [*workspace.settings.values(), *workspace.secrets.values()]
    addresses = (urlsplit(str(value)) for value in values if str(value).startswith("http"))
    return {(each.scheme, each.netloc) for each in addresses if each.scheme in ("http", "https")}


def send(workspace: Workspace, request: Outbound, most: int = MAX_BYTES) -> bytes:
    """Make the request; returns the response, at most `most` bytes of it. Raises NotSent."""
    if isinstance(request, OutboundMail):
        return _send_mail(request)
    address = urlsplit(request.url)
    plugin = registry().get(workspace.kind)
    of_platform = address.scheme == "https" and address.netloc in (plugin.hosts if plugin else ())
    if not of_platform and (address.scheme, address.netloc) not in configured_hosts(workspace):
        raise NotSent(f"{address.hostname} is no address of this workspace.")
    # These bytes exactly were signed, where the platform signs.
    content = json.dumps(request.body, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", **request.headers}
    body, status = _exchange(request.method, request.url, headers, content, most)
    if not 200 <= status < 300 and not (plugin and plugin().is_so_already(status, body)):
        reason = _word_for_refusal(plugin.reason_path, status, body) if plugin else ""
        shown = f": {reason}" if reason else ""
        raise NotSent(
            f"{address.hostname} answered {status}{shown}.{_cure(status)}", 0.0, status, reason
        )
    if plugin and 200 <= status < 300 and plugin().refuses(body):
        raise NotSent(f"{address.hostname} answered {status}, and that it did nothing.")
    # Slack answers 200 to what it refuses, and says so in the body.
    if body.startswith(b'{"ok":false'):
        # Its word for why, such as “channel_not_found”; whatever else stands there is not repeated.
        found = _REASON.search(body[:500])
        reason = found[1].decode() if found else ""
        shown = f": {reason}" if reason else ""
        raise NotSent(f"{address.hostname} refused it{shown}.", reason=reason)
    return body


def _word_for_refusal(path: str, status: int, body: bytes) -> str:
    """Whatever else a refusal says is not repeated; what a broken server says is no refusal."""
    found = id_in(body, path) if path and 400 <= status < 500 else ""
    return found if _WORD.fullmatch(found) else ""


def read(workspace: Workspace, path: str) -> Any:
    """The JSON at a path of the API of a workspace. Raises NotSent and BadPayload."""
    pager = registry()[workspace.kind]()
    assert isinstance(pager, Pager), f"{workspace.kind} is no pager"
    server = str(workspace.settings["server"]).rstrip("/")
    host = urlsplit(server).hostname
    headers = pager.auth_headers(workspace.secrets)
    body, status = _exchange("GET", f"{server}{path}", headers, b"", MAX_READ)
    if status != httpx.codes.OK:
        raise NotSent(f"{host} answered {status}.{_cure(status)}", status=status)
    return json_of(body)


def _cure(status: int) -> str:
    """What to do about a refusal that no retry changes; empty for others."""
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return " Its key or token was revoked or may not do this: enter another in the settings."
    return ""


def _exchange(
    method: str, url: str, headers: Mapping[str, str], content: bytes, most: int = MAX_BYTES
) -> tuple[bytes, int]:
    """The body of the response, `most` bytes of it and a few more, and its status."""
    host = urlsplit(url).hostname
    try:
        with (
            http_client(timeout=TIMEOUT) as client,
            client.stream(
                method,
                url,
                content=content if method != "GET" else None,
                headers={"User-Agent": "causebook", **headers},
            ) as response,
        ):
            body = read_body(response, most)
    except AddressRefused as error:
        raise NotSent(str(error)) from error
    except httpx.HTTPError as error:
        raise NotSent(f"{host}: {type(error).__name__}") from error
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        wait = _seconds_to_wait(response.headers)
        raise NotSent(f"{host} answered 429: it wants no request for {wait:.0f} s.", wait)
    return body, response.status_code


def _seconds_to_wait(headers: Mapping[str, str]) -> float:
    """As the platform says, between a second and LONGEST_WAIT; half a minute if it does not."""
    given = next((headers[name] for name in WAIT_HEADERS if name in headers), "")
    return seconds_to_wait(given, usual=USUAL_WAIT, longest=LONGEST_WAIT)


def _send_mail(mail: OutboundMail) -> bytes:
    if not settings.EMAIL_HOST:
        raise NotSent("There is no mail server: set EMAIL_HOST.")
    # Out-of-office programs do not answer to it.
    headers = {"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"}
    if mail.reply_to_id:
        headers |= {"In-Reply-To": mail.reply_to_id, "References": mail.reply_to_id}
    message = EmailMultiAlternatives(mail.subject, mail.text, None, mail.to, headers=headers)
    message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise NotSent(f"{settings.EMAIL_HOST}: {type(error).__name__}") from error
    return b""

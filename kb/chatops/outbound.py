"""Requests to chat platforms and subscribers: only to hosts that an administrator entered.

Mails go by the mail server of the settings.
"""

from __future__ import annotations

import json
import re
from smtplib import SMTPException
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from common.outbound_addresses import AddressRefused, http_client
from kb.chat import registry
from kb.chat.base import Outbound, OutboundMail
from kb.models import Workspace

TIMEOUT = 5.0
_REASON = re.compile(rb'"error":"([a-z_]{1,60})"')
MAX_BYTES = 64 * 1024


class NotSent(Exception):
    """The request failed or is not allowed; the message says why and holds no secret."""


def configured_hosts(workspace: Workspace) -> set[tuple[str, str]]:
    """Scheme and host of the addresses in the settings of a workspace."""
    values = [*workspace.settings.values(), *workspace.secrets.values()]
    addresses = (urlsplit(str(value)) for value in values if str(value).startswith("http"))
    return {(each.scheme, each.netloc) for each in addresses if each.scheme in ("http", "https")}


def send(workspace: Workspace, request: Outbound) -> bytes:
    """Make the request; returns the response, at most 64 KB of it. Raises NotSent."""
    if isinstance(request, OutboundMail):
        return _send_mail(request)
    address = urlsplit(request.url)
    plugin = registry().get(workspace.kind)
    of_platform = address.scheme == "https" and address.netloc in (plugin.hosts if plugin else ())
    if not of_platform and (address.scheme, address.netloc) not in configured_hosts(workspace):
        raise NotSent(f"{address.hostname} is no address of this workspace.")
    # These bytes exactly were signed, where the platform signs.
    content = json.dumps(request.body, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "causebook",
        **request.headers,
    }
    try:
        with (
            http_client(timeout=TIMEOUT) as client,
            client.stream(
                request.method,
                request.url,
                content=content if request.method != "GET" else None,
                headers=headers,
            ) as response,
        ):
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    break
    except AddressRefused as error:
        raise NotSent(str(error)) from error
    except httpx.HTTPError as error:
        raise NotSent(f"{address.hostname}: {type(error).__name__}") from error
    if not response.is_success:
        raise NotSent(f"{address.hostname} answered {response.status_code}.")
    # Slack answers 200 to what it refuses, and says so in the body.
    if body.startswith(b'{"ok":false'):
        # Its word for why, such as “channel_not_found”; whatever else stands there is not repeated.
        found = _REASON.search(body[:500])
        reason = f": {found[1].decode()}" if found else ""
        raise NotSent(f"{address.hostname} refused it{reason}.")
    return body


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

"""Entries as syslog messages (RFC 5424) over UDP, TCP (RFC 6587) or TLS (RFC 5425)."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
TIMEOUT = 5.0
MOST_OF_A_DATAGRAM = 8_000
_PRIORITY = 13 * 8 + 5
"""facility: log audit; severity: notice"""
_NAME = re.compile(r"[^!-~]")


@dataclass(frozen=True)
class Address:
    protocol: str
    host: str
    port: int


def address_of(url: str) -> Address:
    """Of `tls://logs.example.com:6514`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("AUDIT_SYSLOG is an address such as tls://logs.example.com:6514.")
    return Address(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])


def message_of(entry: dict[str, Any], limit: int | None = None) -> bytes:
    """One message: who and what in its head, the whole entry as JSON in its text."""
    host = _NAME.sub("-", socket.gethostname())[:255] or "-"
    event = _NAME.sub("-", entry["event"])[:32] or "-"
    head = f"<{_PRIORITY}>1 {entry['at']} {host} causebook - {event} - "
    text = json.dumps(entry, ensure_ascii=True)
    if limit and len(head) + len(text) > limit:
        # Still JSON: a datagram that is cut could not be read.
        text = json.dumps({**entry, "changes": {}, "shortened": True}, ensure_ascii=True)
    return (head + text).encode()


def send(url: str, entries: Sequence[dict[str, Any]], authority: str = "") -> None:
    """Raises OSError or ValueError where they did not arrive, as far as the protocol says.

    `authority` is a file with the certificates to trust over TLS; without it, those of the system.
    """
    to = address_of(url)
    if to.protocol == "udp":
        family, _, _, _, found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_DGRAM)[0]
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as datagrams:
            for entry in entries:
                datagrams.sendto(message_of(entry, MOST_OF_A_DATAGRAM), found)
        return
    with closing(_connected(to, authority)) as stream:
        messages = [message_of(entry) for entry in entries]
        stream.sendall(b"".join(b"%d %s" % (len(each), each) for each in messages))
        _finish(stream)


def _connected(to: Address, authority: str) -> socket.socket:
    trusted = ssl.create_default_context(cafile=authority or None) if to.protocol == "tls" else None
    plain = socket.create_connection((to.host, to.port), timeout=TIMEOUT)
    if trusted is None:
        return plain
    try:
        return trusted.wrap_socket(plain, server_hostname=to.host)
    except BaseException:
        plain.close()
        raise


def _finish(stream: socket.socket) -> None:
    """Wait until the receiver has read all and closes: syslog knows no other confirmation."""
    try:
        if isinstance(stream, ssl.SSLSocket):
            stream = stream.unwrap()
        stream.shutdown(socket.SHUT_WR)
        while stream.recv(1024):
            pass
    except (TimeoutError, ssl.SSLError):
        # Some leave connections open, or close them without a goodbye; nothing has failed.
        return

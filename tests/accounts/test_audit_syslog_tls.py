"""The audit log over TLS: to a server that proves who it is, all of it, and once."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.audit_log import sending, syslog
from accounts.tasks import send_audit_log
from people import audit
from people.models import AuditCursor, AuditEntry
from tests.accounts import certificates

pytestmark = pytest.mark.django_db
Files = tuple[Path, Path, Path]


class SyslogServer:
    """Accepts one connection after the other; `goodbye` says how it ends them."""

    def __init__(self, files: Files, port: int = 0) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(files[1], files[2])
        self.listening = socket.create_server(("127.0.0.1", port))
        self.port = int(self.listening.getsockname()[1])
        self.received: list[bytes] = []
        self.goodbye = "polite"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            plain.settimeout(5)
            try:
                self._talk(plain)
            except OSError:
                plain.close()

    def _talk(self, plain: socket.socket) -> None:
        if self.goodbye == "before the handshake":
            plain.close()
            return
        with self.context.wrap_socket(plain, server_side=True) as stream:
            if self.goodbye == "before reading":
                # With data unread, closing resets the connection.
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            got = b""
            while part := stream.recv(65_536):
                got += part
            self.received.append(got)
            if self.goodbye == "polite":
                stream.unwrap()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(5)

    def names(self) -> list[str]:
        """Of all entries, read by the length before each message as RFC 5425 says."""
        found = []
        for sent in self.received:
            while sent:
                length, _, rest = sent.partition(b" ")
                message, sent = rest[: int(length)], rest[int(length) :]
                assert message.startswith(b"<109>1 "), message[:80]
                found.append(json.loads(message[message.index(b"{") :])["record_name"])
        return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certificates.make(tmp_path_factory.mktemp("syslog"))


@pytest.fixture
def server(files: Files, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyslogServer]:
    AuditEntry.objects.all().delete()
    monkeypatch.setattr(sending, "SETTLES_AFTER", timedelta(0))
    monkeypatch.setattr(sending, "_transactions", lambda: (7, 7))
    monkeypatch.setattr(syslog, "TIMEOUT", 2.0)
    made = SyslogServer(files)
    settings.AUDIT_SYSLOG = f"tls://localhost:{made.port}"
    settings.AUDIT_SYSLOG_CA_FILE = str(files[0])
    yield made
    made.close()


def send_all() -> str:
    """Run the task as often as it takes; returns the problem that the page would show."""
    for _ in range(3):
        send_audit_log()
    return AuditCursor.objects.get().problem


@pytest.mark.parametrize("goodbye", ["polite", "without one"])
def test_messages_arrive_framed_and_once(goodbye: str, server: SyslogServer) -> None:
    server.goodbye = goodbye
    names = ["café ∑\nand more", *map(str, range(sending.BATCH)), "the last"]
    for name in names:
        audit.record("test.event", name=name)
    assert send_all() == ""
    assert server.names() == names


def test_a_server_that_cannot_prove_its_name_gets_nothing(
    server: SyslogServer, settings: Any, tmp_path: Path
) -> None:
    right, url = settings.AUDIT_SYSLOG_CA_FILE, settings.AUDIT_SYSLOG
    audit.record("test.event", name="secret")
    for authority, address, why in (
        (str(certificates.make(tmp_path)[0]), url, "CERTIFICATE_VERIFY_FAILED"),
        ("", url, "CERTIFICATE_VERIFY_FAILED"),
        (right, url.replace("localhost", "127.0.0.1"), "CERTIFICATE_VERIFY_FAILED"),
        (str(tmp_path / "missing.pem"), url, "No such file"),
    ):
        settings.AUDIT_SYSLOG_CA_FILE, settings.AUDIT_SYSLOG = authority, address
        assert why in send_all(), (authority, address)
    assert server.names() == []
    settings.AUDIT_SYSLOG_CA_FILE, settings.AUDIT_SYSLOG = right, url
    assert send_all() == ""
    assert server.names() == ["secret"]


@pytest.mark.parametrize("how", ["not there", "before the handshake", "before reading"])
def test_while_the_server_is_away_entries_wait_and_arrive_once_afterwards(
    how: str, server: SyslogServer, files: Files
) -> None:
    if how == "not there":
        server.close()
    server.goodbye = how
    for number in range(5):
        audit.record("test.event", name=str(number), changes={"text": ["", "x" * 3_000]})
        assert send_all(), "No problem is shown."
    assert AuditCursor.objects.get().sent == 0
    back = SyslogServer(files, server.port) if how == "not there" else server
    back.goodbye = "polite"
    assert send_all() == ""
    assert send_all() == ""
    assert back.names() == [str(number) for number in range(5)]
    if back is not server:
        back.close()

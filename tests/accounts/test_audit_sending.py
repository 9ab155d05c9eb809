"""The audit log leaves by syslog and webhook, all of it; it grows old, and is append-only."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.audit_log import retention, sending, syslog
from accounts.tasks import forget_audit_entries, send_audit_log
from common.signing import sign
from people import audit
from people.models import AuditCursor, AuditEntry

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs" / "audit.md"


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entries yet, and none has to settle first: a test has one transaction only."""
    AuditEntry.objects.all().delete()
    monkeypatch.setattr(sending, "SETTLES_AFTER", timedelta(0))
    monkeypatch.setattr(sending, "_transactions", lambda: (7, 7))


class Receiver:
    """Collects what is posted; refuses while it is away."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.away = False
        self.status = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("connection refused", request=request)
        self.requests.append(request)
        return httpx.Response(self.status)

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.answer), **options)

    def names(self) -> list[str]:
        found = [json.loads(each.content)["entries"] for each in self.requests]
        return [entry["record_name"] for batch in found for entry in batch]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, settings: Any, empty: None) -> Receiver:
    settings.AUDIT_WEBHOOK_URL = "https://siem.example/in"
    settings.AUDIT_WEBHOOK_SECRET = "a-secret-of-ours"
    made = Receiver()
    monkeypatch.setattr("accounts.audit_log.webhook.http_client", made.client)
    return made


def test_a_receiver_in_a_network_that_is_not_allowed_is_named_as_the_problem(
    settings: Any, empty: None
) -> None:
    settings.AUDIT_WEBHOOK_URL = "http://169.254.169.254/in"
    audit.record("test.event", name="one")
    for _ in range(3):
        send_audit_log()
    assert "169.254.169.254" in AuditCursor.objects.get().problem


def test_each_entry_is_posted_once_and_signed(receiver: Receiver) -> None:
    for name in ("one", "two"):
        audit.record("test.event", name=name)
    for _ in range(3):
        send_audit_log()
    assert receiver.names() == ["one", "two"]
    [request] = receiver.requests
    at = request.headers["X-Causebook-Timestamp"]
    expected = sign("a-secret-of-ours", at.encode() + b"." + request.content)
    assert request.headers["X-Causebook-Signature"] == f"sha256={expected}"


def test_nothing_is_lost_while_the_receiver_is_away(receiver: Receiver) -> None:
    receiver.away = True
    for number in range(sending.BATCH + 5):
        audit.record("test.event", name=str(number))
    for _ in range(3):
        send_audit_log()
    assert "ConnectError" in AuditCursor.objects.get().problem
    receiver.away, receiver.status = False, 503
    send_audit_log()
    assert AuditCursor.objects.get().problem == "The webhook answered 503."
    receiver.requests.clear()
    receiver.status = 200
    for _ in range(3):
        send_audit_log()
    assert receiver.names() == [str(number) for number in range(sending.BATCH + 5)]
    assert AuditCursor.objects.get().problem == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param("https://10.0.0.9/in?key=hunter2", "ALLOWED_PRIVATE_NETWORKS", id="private"),
        pytest.param("http://169.254.169.254/in", "credentials", id="metadata"),
        pytest.param("siem.example/hunter2", "could not be reached", id="no-address"),
        pytest.param("https://siem.example:port/hunter2", "could not be reached", id="no-port"),
    ],
)
def test_an_address_that_is_not_allowed_gets_nothing_and_says_why(
    url: str, problem: str, settings: Any, empty: None
) -> None:
    settings.AUDIT_WEBHOOK_URL, settings.ALLOWED_PRIVATE_NETWORKS = url, []
    audit.record("test.event", name="one")
    for _ in range(2):
        send_audit_log()
    cursor = AuditCursor.objects.get()
    assert problem in cursor.problem
    assert "hunter2" not in cursor.problem
    assert cursor.sent == 0


def test_an_entry_that_is_committed_late_is_not_passed_over(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = AuditEntry(event="test.event", record_name="late")
    late.save()
    AuditEntry.objects.filter(pk=late.pk).delete()  # Its number is taken, its row not yet seen.
    audit.record("test.event", name="early")
    open_transactions = iter([(5, 9)] * 6)
    monkeypatch.setattr(sending, "_transactions", lambda: next(open_transactions, (9, 12)))
    for _ in range(2):
        send_audit_log()
    assert receiver.names() == []
    late.save(force_insert=True)
    for _ in range(4):
        send_audit_log()
    assert receiver.names() == ["late", "early"]


def test_after_a_restore_with_smaller_transaction_numbers_sending_goes_on(
    receiver: Receiver,
) -> None:
    entry = audit.record("test.event", name="restored")
    AuditCursor.objects.create(receiver="webhook", ceiling=entry.pk, horizon=10**12)
    send_audit_log()
    assert receiver.names() == ["restored"]


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A TCP port, and all that was sent to it."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)
    got: list[bytes] = []

    def take() -> None:
        stream, _ = server.accept()
        with stream:
            while part := stream.recv(65_536):
                got.append(part)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    yield server.getsockname()[1], got
    thread.join(10)
    server.close()


def test_syslog_messages_are_framed_by_their_length(
    listener: tuple[int, list[bytes]], settings: Any, empty: None
) -> None:
    port, got = listener
    settings.AUDIT_SYSLOG = f"tcp://127.0.0.1:{port}"
    for name in ("café\nand more", "two"):
        audit.record("test.event", name=name)
    send_audit_log()
    send_audit_log()
    sent = b"".join(got)
    read = []
    while sent:
        length, _, rest = sent.partition(b" ")
        read.append(rest[: int(length)].decode())
        sent = rest[int(length) :]
    pattern = r"<109>1 \d{4}-\d\d-\d\dT\S+\+00:00 \S+ causebook - test\.event - (\{.*\})"
    found = [re.fullmatch(pattern, message) for message in read]
    names = [json.loads(match[1])["record_name"] for match in found if match]
    assert names == ["café\nand more", "two"]


def test_a_datagram_is_shortened_to_what_can_still_be_read(settings: Any, empty: None) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        settings.AUDIT_SYSLOG = f"udp://127.0.0.1:{server.getsockname()[1]}"
        audit.record(
            "test.event", name="long", changes={f"f{n}": ["x", "y" * 900] for n in range(20)}
        )
        send_audit_log()
        send_audit_log()
        message = server.recv(65_536)
    assert len(message) <= syslog.MOST_OF_A_DATAGRAM
    assert json.loads(message[message.index(b"{") :])["shortened"] is True


@pytest.mark.parametrize(
    "url", ["logs.example.com", "http://logs.example.com", "tls://", "tcp://host:99999"]
)
def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"AUDIT_SYSLOG|[Pp]ort"):
        syslog.address_of(url)


def age(entry: AuditEntry, days: int) -> None:
    AuditEntry.objects.filter(pk=entry.pk).update(at=timezone.now() - timedelta(days=days))


def test_old_entries_go_once_every_receiver_has_them(receiver: Receiver, settings: Any) -> None:
    settings.AUDIT_RETENTION_DAYS = 30
    old, new = audit.record("test.event", name="old"), audit.record("test.event", name="new")
    age(old, 31)
    forget_audit_entries()
    assert AuditEntry.objects.count() == 2
    for _ in range(2):
        send_audit_log()
    forget_audit_entries()
    assert list(AuditEntry.objects.all()) == [new]
    settings.AUDIT_RETENTION_DAYS = 0
    age(new, 9_000)
    assert retention.delete_old_entries() == 0


def test_the_sql_of_the_docs_makes_the_table_append_only(settings: Any) -> None:
    text = DOCS.read_text()
    append_only, forget = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    entry = audit.record("test.event", name="stays")
    age(entry, 10_000)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE causebook_app; GRANT USAGE ON SCHEMA public TO causebook_app")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO causebook_app")
        cursor.execute(append_only)
        cursor.execute("SET ROLE causebook_app")
        audit.record("test.event", name="added")
        for sql in (
            "UPDATE people_auditentry SET event = ''", "DELETE FROM people_auditentry",
            "TRUNCATE people_auditentry", "ALTER TABLE people_auditentry DISABLE TRIGGER ALL",
            "DROP TABLE people_auditentry",
        ):  # fmt: skip
            refused = pytest.raises(ProgrammingError, match=r"permission denied|must be owner")
            with refused, transaction.atomic():
                cursor.execute(sql)
        assert retention.delete_old_entries() == 0
        cursor.execute("SET ROLE causebook_audit")
        cursor.execute(forget)
        cursor.execute("RESET ROLE")
    assert not AuditEntry.objects.filter(record_name="stays").exists()
    assert AuditEntry.objects.filter(record_name="added").exists()

"""Hundreds listen to the stream of events: all hear of an incident, and pages are as fast."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.filing import file_incident
from incidents.models import ApiToken
from incidents.tokens import create_token
from tests.e2e.conftest import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("load")]
LISTENERS, PEOPLE = 500, 25
STREAM = (
    "GET /api/v1/events/stream/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n"
)


class Clients:
    """Sockets that listen, and what each received."""

    def __init__(self) -> None:
        self.received: dict[socket.socket, bytes] = {}
        self.ended: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()

    def open(self, port: int, token: str) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(STREAM.format(token).encode())
        client.setblocking(False)
        self.received[client] = b""
        self._selector.register(client, selectors.EVENT_READ)
        return client

    def receive(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            data = b""
            with suppress(ConnectionError):
                data = client.recv(65536)
            self.received[client] += data
            if not data:
                self.ended.add(client)
                self._selector.unregister(client)

    def wait_for(self, text: bytes, clients: Iterable[socket.socket], seconds: float) -> float:
        """Seconds until all of `clients` have received `text`."""
        began = time.monotonic()
        missing = set(clients)
        while missing := {each for each in missing if text not in self.received[each]}:
            assert time.monotonic() - began < seconds, f"{len(missing)} did not receive {text!r}"
            self.receive(0.5)
        return time.monotonic() - began

    def wait_for_end(self, clients: Iterable[socket.socket], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not set(clients) <= self.ended:
            assert time.monotonic() < until, "streams are open still"
            self.receive(0.5)

    def close(self) -> None:
        for client in self.received:
            client.close()


def children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(word) for word in text.split()]


def megabytes(pids: list[int]) -> float:
    """Proportional set size."""
    lines = [Path(f"/proc/{pid}/smaps_rollup").read_text().split("\nPss:")[1] for pid in pids]
    return sum(int(line.split()[0]) for line in lines) / 1024


def threads(pids: list[int]) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)


def page_milliseconds(port: int) -> float:
    """The 95th percentile of forty pages."""
    took = []
    with httpx.Client(trust_env=False, timeout=10) as browser:
        for _ in range(40):
            at = time.perf_counter()
            assert browser.get(f"http://127.0.0.1:{port}/sign-in/").status_code == 200
            took.append((time.perf_counter() - at) * 1000)
    return float(np.percentile(took, 95))


def let_each_serve(port: int, pids: list[int]) -> None:
    """A process that has served has one thread more, which hands over what it counts."""

    def same() -> bool:
        httpx.get(f"http://127.0.0.1:{port}/sign-in/", trust_env=False, timeout=10)
        return len({threads([pid]) for pid in pids}) == 1

    wait_for(same, 30, "A request to each process")


@pytest.mark.clock
def test_500_listeners_all_hear_of_an_incident_and_cost_pages_nothing(
    web: tuple[int, subprocess.Popen[bytes]],
) -> None:
    port, process = web
    people = [User.objects.create(username=f"listener-{number}") for number in range(PEOPLE)]
    tokens = [create_token(person, "board")[1] for person in people]
    pids = children(process.pid)
    let_each_serve(port, pids)
    pages_before = page_milliseconds(port)
    memory_before, threads_before = megabytes(pids), threads(pids)
    with ExitStack() as stack:
        clients = Clients()
        stack.callback(clients.close)
        began = time.monotonic()
        for number in range(LISTENERS):
            clients.open(port, tokens[number % PEOPLE])
        clients.wait_for(b"retry: 2000", clients.received, 60)
        opened_in = time.monotonic() - began
        pages = page_milliseconds(port)
        memory, more_threads = megabytes(pids) - memory_before, threads(pids) - threads_before
        file_incident(title="Checkout is down", services=[])
        heard = clients.wait_for(b"Checkout is down", clients.received, 10)
        mine = list(clients.received)[0::PEOPLE]
        ApiToken.objects.filter(user=people[0]).update(revoked_at=timezone.now())
        clients.wait_for_end(mine, 5)
        assert all(clients.received[each].endswith(b"0\r\n\r\n") for each in mine)
        assert len(clients.ended) == len(mine), "nobody else's stream ends"
        file_incident(title="Payments are down", services=[], private=True)
        file_incident(title="Search is down", services=[])
        others = set(clients.received) - clients.ended
        clients.wait_for(b"Search is down", others, 10)
        assert not any(b"Payments" in text for text in clients.received.values())
        assert not any(b"Search" in clients.received[each] for each in mine)
        process.send_signal(signal.SIGTERM)
        clients.wait_for_end(others, 10)
    print({
        "opened in s": round(opened_in, 1), "all heard after s": round(heard, 1),
        "page p95 ms": f"{pages_before:.0f} → {pages:.0f}", "MB more": round(memory, 1),
        "threads more": more_threads,
    })  # fmt: skip
    assert more_threads == 2, "one in each web process"
    assert pages < pages_before + 100
    assert memory < 60


def test_a_client_that_left_gives_its_place_back(
    web: tuple[int, subprocess.Popen[bytes]], user: User
) -> None:
    """Far more come and go than may listen at a time: none waits for the next event."""
    port, _ = web
    token = create_token(user, "board")[1]
    for _ in range(6):
        clients = Clients()
        for _ in range(20):
            clients.open(port, token)
        clients.wait_for(b"\r\n\r\n", clients.received, 20)
        refused = [text for text in clients.received.values() if b"429" in text.split(b"\r\n")[0]]
        clients.close()
        assert not refused
        time.sleep(1.2)

"""A client that takes too long over its request is cut off, and nothing waits for it meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from config import web_worker
from config.web_worker import BufferingWorker

PATIENCE = 0.3
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"


class Web:
    """The worker's server in this thread: turn by turn, as its loop does."""

    def __init__(self, dispatcher: ThreadedTaskDispatcher) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.sockets: dict[int, Any] = {}
        self.served: list[bytes] = []
        worker: Any = BufferingWorker.__new__(BufferingWorker)
        worker.cfg = SimpleNamespace(
            threads=1, backlog=10, forwarded_allow_ips="", secure_scheme_headers={}
        )
        worker.connections, worker.hub, worker.wsgi = 100, None, self.answer
        self.server = worker._server(SimpleNamespace(sock=self.listener), self.sockets, dispatcher)

    def answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.served.append(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def client(self, *parts: bytes) -> socket.socket:
        client = socket.create_connection(self.listener.getsockname())
        client.settimeout(0)
        for part in parts:
            client.sendall(part)
        return client

    def until_closed(self, client: socket.socket, most: float, trickle: bytes = b"") -> float:
        """Seconds until the server closes the connection; `most` if it never does."""
        begun = time.monotonic()
        while time.monotonic() - begun < most:
            wasyncore.poll2(0.02, self.sockets)
            self.server.maintenance(time.time())
            try:
                if trickle:
                    client.send(trickle)
                if not client.recv(100):
                    return time.monotonic() - begun
            except BlockingIOError:
                continue
            except OSError:
                return time.monotonic() - begun
        return most


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(web_worker, "HEADERS_WITHIN", PATIENCE)
    monkeypatch.setattr(web_worker, "REQUEST_WITHIN", PATIENCE)
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(1)
    made = Web(dispatcher)
    yield made
    dispatcher.shutdown(timeout=1)
    wasyncore.close_all(made.sockets, ignore_all=True)


@pytest.mark.parametrize(
    "begin",
    [pytest.param(HEAD, id="headers"), pytest.param(HEAD + b"\r\n{", id="body")],
)
def test_who_trickles_a_request_is_cut_off_and_occupied_no_thread(begin: bytes, web: Web) -> None:
    slow = web.client(begin)
    assert PATIENCE / 2 < web.until_closed(slow, 5, trickle=b"a") < 5
    assert web.served == []


def test_others_are_served_while_somebody_trickles(web: Web) -> None:
    web.client(HEAD + b"\r\n{")
    quick = web.client(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")
    assert web.until_closed(quick, 5) < PATIENCE
    assert web.served == [b"{}"]

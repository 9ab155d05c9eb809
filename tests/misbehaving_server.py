"""A small HTTP server that behaves as badly as a test asks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

MATRIX = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [
            {"metric": {"pod": "a"}, "values": [[1000, "1"], [1015, "NaN"], [1030, "+Inf"]]}
        ],
    },
}


class Behaving(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Callable[[Any], None]

    def do_GET(self) -> None:
        try:
            type(self).behaviour(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _drip(self: Any) -> None:
    self.send_response(200)
    self.send_header("Content-Length", "100000")
    self.end_headers()
    for _ in range(60):
        self.wfile.write(b" ")
        time.sleep(0.1)


def _cut(self: Any) -> None:
    self.send_response(200)
    self.send_header("Content-Length", "100000")
    self.end_headers()
    self.wfile.write(b'{"status":')
    self.close_connection = True


def _flood(self: Any) -> None:
    self.send_response(200)
    self.send_header("Content-Length", str(200 * 1024**2))
    self.end_headers()
    for _ in range(200):
        self.wfile.write(b"x" * 1024**2)


def _slow(self: Any) -> None:
    time.sleep(1.5)
    self.reply(200, json.dumps(MATRIX).encode())


BEHAVIOURS: dict[str, Callable[[Any], None]] = {
    "well": lambda self: self.reply(200, json.dumps(MATRIX).encode()),
    "500": lambda self: self.reply(500, b"disk on fire"),
    "401": lambda self: self.reply(401, b""),
    "404": lambda self: self.reply(404, b""),
    "redirect": lambda self: self.reply(302, b"", Location="http://169.254.169.254/"),
    "garbage": lambda self: self.reply(200, b"<html>hello</html>"),
    "wrong-shape": lambda self: self.reply(200, b'{"status":"success","data":7,"hits":[]}'),
    "hang": lambda self: time.sleep(6),
    "hang-long": lambda self: time.sleep(20),
    "drip": _drip,
    "cut": _cut,
    "flood": _flood,
    "slow": _slow,
}


def answering(answers: dict[str, Any]) -> Callable[[Any], None]:
    """By path, without its query: the JSON to answer with; anything else is not found."""

    def behaviour(self: Any) -> None:
        path = self.path.partition("?")[0]
        if path in answers:
            self.reply(200, json.dumps(answers[path]).encode())
        else:
            self.reply(404, b"")

    return behaviour


@pytest.fixture
def server() -> Iterator[Callable[[str | dict[str, Any] | Callable[[Any], None]], str]]:
    """`server("hang")` gives the address of a server that behaves so; a dict, one that answers."""
    running = []

    def start(wanted: str | dict[str, Any] | Callable[[Any], None]) -> str:
        if callable(wanted):
            behaviour = wanted
        else:
            behaviour = BEHAVIOURS[wanted] if isinstance(wanted, str) else answering(wanted)
        handler = type("H", (Behaving,), {"behaviour": staticmethod(behaviour)})
        httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        httpd.daemon_threads = True
        # The interval is what `shutdown` waits for.
        threading.Thread(target=httpd.serve_forever, args=[0.02], daemon=True).start()
        running.append(httpd)
        return f"http://127.0.0.1:{httpd.server_address[1]}"

    yield start
    for httpd in running:
        httpd.shutdown()
        httpd.server_close()

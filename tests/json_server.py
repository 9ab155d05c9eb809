"""An HTTP server that reads and writes JSON, for tests that play another product."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

Answer = tuple[int, Mapping[str, str], Any]
"""status, headers and body; None for an empty one"""
Respond = Callable[[str, str, dict[str, str], Any], Answer]
"""Of method, path with query, headers in small letters, and body; one request at a time."""


def _fields(content: bytes, kind: str) -> Any:
    """JSON, or a form as an object."""
    is_form = kind.startswith("application/x-www-form-urlencoded")
    return dict(parse_qsl(content.decode())) if is_form else json.loads(content)


@contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """Serve until the end of the block; the server's address."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = {name.lower(): value for name, value in self.headers.items()}
            body = _fields(content, given.get("content-type", "")) if content else None
            with lock:
                status, headers, answer = respond(self.command, self.path, given, body)
            # Slack writes no spaces.
            compact = json.dumps(answer, separators=(",", ":"))
            sent = b"" if answer is None else compact.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

        def log_message(self, *_: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        httpd.server_close()

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from common import counting
from common.redis_client import redis_client
from incidents import scheduled_runs
from incidents.tasks import HEARTBEAT, worker_heartbeat
from incidents.tokens import create_token

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def running(db: None) -> None:
    """Beat and a worker have just given signs of life."""
    scheduled_runs.begin([HEARTBEAT])
    worker_heartbeat()


@pytest.fixture
def no_counts() -> None:
    counting.flush()
    redis_client().delete(counting.KEY)


@pytest.fixture
def scrape(db: None, user: User) -> Callable[[], Samples]:
    """What Prometheus reads: values by name and values of labels."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, 'prometheus', 'read')[1]}")

    def read() -> Samples:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return read


class Receiver:
    """An HTTP server that stores what is sent to it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes, dict[str, str]]] = []
        self.some = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, body, dict(self.headers)))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
                receiver.some.set()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()

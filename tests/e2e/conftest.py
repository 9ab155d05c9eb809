"""A running product: real web server, real worker, real browser, real Prometheus."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import numpy as np
import pytest
from celery import current_app
from django.db import connection
from playwright.sync_api import Browser, Page, expect, sync_playwright

from analysis.suggestions.live_index import index_file
from demo.world.faults import Episode, Episodes
from demo.world.server import make_server
from demo.world.telemetry import World
from tests.conftest import tool

ROOT = Path(__file__).resolve().parents[2]
expect.set_options(timeout=20_000)  # Two tests share two cores.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in the test's own thread.


def product_environment(**changed: str) -> dict[str, str]:
    """For programs that tests start: they run with the product's own settings."""
    # The monitors of these tests are on this host.
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8,::1",
    }
    return {**os.environ, **own, **changed}


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(question: Callable[[], Any], seconds: float, what: str) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := question():
            return found
        time.sleep(0.2)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s")


@pytest.fixture
def celery(transactional_db: None) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts Celery processes on the test's database, each in a process group of its own."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    of_test = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = product_environment(DATABASE_URL=of_test)
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-q", "-A", "config", *arguments],
            cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        kill_group(process)
    # What they wrote is of this test's history, and the next one's database would accept it.
    index_file().unlink(missing_ok=True)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """kill -9 a process and all its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def working(celery: Callable[..., Any], tmp_path: Path) -> None:
    celery("worker", "--concurrency", "2")
    celery("beat", "--schedule", str(tmp_path / "beat"))
    wait_for(lambda: current_app.control.ping(timeout=0.5), 60, "The worker's start")


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    of_test = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, "--workers", "2", "--threads", "8", "--preload", "--no-control-socket"],
        cwd=ROOT, env=product_environment(DATABASE_URL=of_test, DEBUG="true"),
        start_new_session=True, stderr=(tmp_path / "web.log").open("wb"),
    )  # fmt: skip
    wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 60, "The web server's start")
    yield port, process
    kill_group(process)


@pytest.fixture(scope="module")
def running_browser() -> Iterator[Browser]:
    chromium = tool("chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        )
        yield found
        found.close()


@pytest.fixture
def browser(running_browser: Browser) -> Iterator[Browser]:
    """A browser without pages: one left open would go on asking the server."""
    yield running_browser
    for context in running_browser.contexts:
        context.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[str, Episodes]]:
    """The demo world's server, for its logs; its address and its faults."""
    episodes = Episodes(tmp_path / "faults.json")
    server = make_server(World(episodes), free_port())
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", episodes
    server.shutdown()


RECORDED = {
    "container_cpu_usage_seconds_total": ("cpu", "counter"),
    "pg_stat_user_tables_seq_tup_read": ("seq_tup_read", "counter"),
    "pg_stat_activity_count": ("connections", "gauge"),
}


def record(path: Path, episodes: Episodes, service: str) -> None:
    """Write four hours of a service's metrics as OpenMetrics, as a recording of the fault."""
    now = time.time() // 15 * 15
    times = np.arange(now - 4 * 3600, now, 15.0)
    lines = []
    for name, (short, kind) in RECORDED.items():
        values = World(episodes).level(service, short, times)
        values = np.cumsum(values) * 15 if kind == "counter" else values
        family = name.removesuffix("_total")
        lines.append(f"# TYPE {family} {kind if name.endswith('_total') else 'gauge'}")
        lines += [
            f'{name}{{service="{service}"}} {value:.4f} {at:.0f}'
            for at, value in zip(times, values, strict=True)
        ]
    path.write_text("\n".join([*lines, "# EOF", ""]))


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Starts a real Prometheus on an OpenMetrics recording and gives its address."""
    server, promtool = tool("prometheus"), tool("promtool")
    started: list[subprocess.Popen[bytes]] = []

    def start(recording: Path) -> str:
        store, port = tmp_path / "tsdb", free_port()
        create = [promtool, "tsdb", "create-blocks-from", "openmetrics"]
        subprocess.run([*create, str(recording), str(store)], check=True, capture_output=True)
        (tmp_path / "prometheus.yml").write_text("global: {}\n")
        process = subprocess.Popen(
            [
                server, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={store}",
                "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{address}/-/ready"), 30, "Prometheus' start")
        return address

    yield start
    for process in started:
        process.kill()
        process.wait()


SETTLED = """() => {
  const ends = performance.getEntriesByType("resource").map(each => each.responseEnd);
  return document.readyState === "complete"
    && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")
    && performance.now() - Math.max(0, ...ends) > 100;
}"""


def settle(page: Page) -> None:
    """Wait for what a page loads by itself; “networkidle” takes half a second for each."""
    until = time.monotonic() + 20
    while not page.evaluate(SETTLED):
        assert time.monotonic() < until, f"{page.url} goes on loading."
        page.wait_for_timeout(25)


LEAVING = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx calls errors when a page is left while it loads; a response that fails has others."""


def note_problems(page: Page, problems: list[str]) -> None:
    """Append errors on the console, and those that nothing caught, to `problems`."""

    def note(text: str) -> None:
        if not text.startswith(LEAVING):
            problems.append(text)

    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))


def save_screenshot(page: Page, name: str) -> None:
    """Save what the page shows, for people who want to see it."""
    if folder := os.environ.get("CAUSEBOOK_TEST_SCREENSHOTS"):
        page.wait_for_timeout(2500)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=1, trust_env=False).status_code == 200
    return False


@pytest.fixture
def prometheus(tmp_path: Path, world: tuple[str, Episodes], replay: Callable[[Path], str]) -> str:
    """A real Prometheus that replays a recorded CPU spike of orders-db, begun 12 minutes ago."""
    episodes = world[1]
    episodes.add(Episode("orders-db", "cpu-spike", time.time() - 720))
    record(tmp_path / "recorded.om", episodes, "orders-db")
    return replay(tmp_path / "recorded.om")

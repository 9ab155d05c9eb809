"""A real Prometheus and a real Alertmanager on a small exporter that tests turn up and down."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conftest import tool
from tests.e2e.conftest import answers, free_port, wait_for


class Exporter:
    """A service whose metrics a test turns up and down."""

    def __init__(self) -> None:
        self.values = {"cpu": 20.0, "errors": 0.0}
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lines = [f"shop_{name} {value}" for name, value in exporter.values.items()]
                body = "\n".join([*lines, ""]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]


def write_past(folder: Path, exporter: Exporter, hours: float) -> None:
    """Fill Prometheus' store as if it had scraped the exporter for some hours until now."""
    now = time.time() // 5 * 5
    lines = []
    for name, value in exporter.values.items():
        lines.append(f"# TYPE shop_{name} gauge")
        for second in range(int(hours * 3600), 0, -15):
            labels = f'job="shop",instance="127.0.0.1:{exporter.port}"'
            lines.append(f"shop_{name}{{{labels}}} {value + second // 15 % 3} {now - second:.0f}")
    recording = folder / "past.om"
    recording.write_text("\n".join([*lines, "# EOF", ""]))
    create = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    done = [*create, str(recording), str(folder / "tsdb")]
    subprocess.run(done, check=True, capture_output=True)


def in_folder(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=silent, stderr=silent)


class Start(Protocol):
    """Starts Prometheus and Alertmanager on an exporter; the address, and the exporter."""

    def __call__(
        self, hook: str, secret: str, rules: str, service: str = "", past_hours: float = 0
    ) -> tuple[str, Exporter]: ...


@pytest.fixture
def monitored(tmp_path: Path, live_server: Any) -> Iterator[Start]:
    """With `service`, series have that label; with `past_hours`, Prometheus has scraped before."""
    prometheus = tool("prometheus")
    alertmanager = shutil.which("prometheus-alertmanager") or tool("alertmanager")
    exporter, running = Exporter(), []

    def start(
        hook: str, secret: str, rules: str, service: str = "", past_hours: float = 0
    ) -> tuple[str, Exporter]:
        port, manager_port = free_port(), free_port()
        (tmp_path / "rules.yml").write_text(rules)
        labels = f", labels: {{service: {service}}}" if service else ""
        if past_hours:
            write_past(tmp_path, exporter, past_hours)
        (tmp_path / "prometheus.yml").write_text(
            f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{manager_port}"]}}]}}]}}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{exporter.port}"]{labels}}}]
"""
        )
        (tmp_path / "alertmanager.yml").write_text(
            f"""
route: {{receiver: causebook, group_by: [service, job], group_wait: 1s, group_interval: 2s}}
receivers:
  - name: causebook
    webhook_configs:
      - url: {live_server.url}/hooks/{hook}/
        send_resolved: true
        http_config: {{authorization: {{credentials: {secret}}}}}
"""
        )
        running.append(
            in_folder(
                tmp_path, alertmanager, "--config.file=alertmanager.yml", "--storage.path=am",
                f"--web.listen-address=127.0.0.1:{manager_port}", "--cluster.listen-address=",
            )
        )  # fmt: skip
        running.append(
            in_folder(
                tmp_path, prometheus, "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                f"--web.listen-address=127.0.0.1:{port}",
            )
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{address}/-/ready"), 30, "Prometheus' start")
        wait_for(lambda: answers(f"http://127.0.0.1:{manager_port}/-/ready"), 30, "Alertmanager")
        return address, exporter

    yield start
    for process in running:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
    exporter.server.shutdown()

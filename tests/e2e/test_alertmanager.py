"""A real Prometheus rule and a real Alertmanager open, update and resolve an incident."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from analysis.models import Evidence, Source
from analysis.suggestions.engine import suggest_for_incident
from incidents.filing import file_incident
from incidents.models import Alert, Incident, Service, TierPolicy
from kb.causes.linking import create_cause, link_cause
from tests.conftest import tool
from tests.e2e.conftest import answers, free_port, wait_for
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.e2e


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


RULES = """
groups:
  - name: shop
    rules:
      - alert: PostgresHighCPU
        expr: shop_cpu > 90
        labels: {severity: critical}
        annotations: {summary: "CPU of orders-db above 90 %"}
      - alert: PostgresErrors
        expr: shop_errors > 5
        labels: {severity: warning}
        annotations: {summary: "orders-db refuses connections"}
"""


def in_folder(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=silent, stderr=silent)


@pytest.fixture
def monitored(
    tmp_path: Path, live_server: Any
) -> Iterator[Callable[[str, str], tuple[str, Exporter]]]:
    """Starts Prometheus and Alertmanager that scrape an exporter; the address, the exporter."""
    prometheus = tool("prometheus")
    alertmanager = shutil.which("prometheus-alertmanager") or tool("alertmanager")
    exporter, running = Exporter(), []

    def start(hook: str, secret: str) -> tuple[str, Exporter]:
        port, manager_port = free_port(), free_port()
        (tmp_path / "rules.yml").write_text(RULES)
        (tmp_path / "prometheus.yml").write_text(
            f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{manager_port}"]}}]}}]}}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{exporter.port}"], labels: {{service: orders-db}}}}]
"""
        )
        (tmp_path / "alertmanager.yml").write_text(
            f"""
route: {{receiver: causebook, group_by: [service], group_wait: 1s, group_interval: 2s}}
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


def test_a_rule_opens_updates_and_resolves_an_incident_with_nobody_at_the_keyboard(
    monitored: Callable[[str, str], tuple[str, Exporter]], working: None, user: Any
) -> None:
    TierPolicy.objects.update_or_create(
        tier="core", defaults={"quiet_after": 0, "on_quiet": "resolve"}
    )
    database = Service.objects.create(name="orders-db", kind="postgresql", tier="core")
    past = file_incident(title="orders-db CPU above 90 %", services=[database], status="resolved",
                         resolved_at=timezone.now() + timedelta(hours=1), quiet=True)  # fmt: skip
    link_cause(past, create_cause(name="Missing index on order_lines"), state="confirmed")
    integration, secret = make("alertmanager")
    address, exporter = monitored(integration.slug, secret)
    Source.objects.create(
        name="Prometheus", kind="prometheus",
        settings={"url": address, "templates": "any | cpu | % | shop_cpu{$selector}"},
    )  # fmt: skip

    exporter.values["cpu"] = 97.0
    incident: Incident = wait_for(
        lambda: Incident.objects.exclude(pk=past.pk).first(), 30, "Opening"
    )
    assert incident.title == "CPU of orders-db above 90 %"
    assert (incident.severity, list(incident.services.all())) == ("SEV1", [database])
    wait_for(lambda: Evidence.objects.filter(incident=incident).exists(), 30, "Evidence")
    found = suggest_for_incident(incident, user)
    assert found.causes[0].cause.name == "Missing index on order_lines"

    exporter.values["errors"] = 9.0
    wait_for(lambda: incident.alerts.count() == 2, 30, "The second alert")
    joined = Alert.objects.get(name="PostgresErrors").joined_because
    assert joined.startswith("Same group at the sender")
    assert Incident.objects.count() == 2

    exporter.values.update(cpu=20.0, errors=0.0)
    wait_for(lambda: not Incident.objects.get(pk=incident.pk).is_open, 60, "Resolving")
    assert incident.timeline.filter(text="All its alerts have ended.").exists()

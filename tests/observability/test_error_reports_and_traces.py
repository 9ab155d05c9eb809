"""Sentry and OpenTelemetry: off unless set, and nothing leaves that people or monitors wrote.

Each runs in a process of its own, as both change Django and Celery for good.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from config.observability.error_reports import scrubbed
from tests.observability.conftest import Receiver

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ["hunter22", "Zebrafish", "very-secret-key", "oncall-cookie", "wombat"]
FAILING = """
import django; django.setup()
import logging
from unittest import mock
from django.test import Client
from config.celery import app
from incidents.intake import receiving
from incidents import tasks

def broken(*arguments):
    local_secret = "hunter22"
    raise RuntimeError("Key (title)=(Zebrafish) exists, password=hunter22")

client = Client(raise_request_exception=False, headers={"X-Request-ID": "r-12345678"})
client.cookies["remembered"] = "oncall-cookie"
with mock.patch.object(receiving, "find_integration", broken):
    client.post("/hooks/slug/very-secret-key/?q=wombat", b'{"title": "Zebrafish"}',
                content_type="application/json")
with mock.patch.object(tasks.processing, "process_waiting", broken):
    app.conf.task_always_eager = True
    tasks.work_deliveries.apply(args=())
logging.getLogger("incidents.x").error("Filing %s failed", "Zebrafish")
"""


def run(code: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings",
             "ALLOWED_HOSTS": "testserver", **settings},
    )  # fmt: skip


def test_errors_arrive_with_route_and_request_id_and_without_what_people_wrote(
    receiver: Receiver,
) -> None:
    code = f"{FAILING}\nimport sentry_sdk; sentry_sdk.flush()"
    done = run(code, SENTRY_DSN=f"http://public@{receiver.host}/1")
    assert done.returncode == 0, done.stderr
    sent = b"".join(
        gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        for _, body, _ in receiver.requests
    ).decode()
    # Source lines are ours; the test itself writes these words.
    for secret in SECRETS:
        assert secret not in sent, secret
    events = [json.loads(line) for line in sent.splitlines() if '"event_id"' in line]
    events = [event for event in events if "platform" in event]
    of_request = next(event for event in events if event["tags"].get("request_id"))
    assert of_request["tags"]["request_id"] == "r-12345678"
    assert "slug" in of_request["transaction"]
    assert of_request["exception"]["values"][0]["type"] == "RuntimeError"
    frames = of_request["exception"]["values"][0]["stacktrace"]["frames"]
    assert any(frame["function"] == "receive" for frame in frames)
    assert "incidents.tasks.work_deliveries" in {event["tags"].get("task") for event in events}
    assert "Filing %s failed" in {event.get("logentry", {}).get("message") for event in events}


def test_fields_that_a_later_version_adds_are_left_out() -> None:
    event: Any = {
        "event_id": "1", "request": {"url": "/hooks/a/key/"}, "user": {"email": "a@b"},
        "extra": {"a": "Zebrafish"}, "breadcrumbs": {"values": ["Zebrafish"]},
        "contexts": {"new": "Zebrafish"}, "brand_new": "Zebrafish",
        "transaction": "/hooks/a/key/", "transaction_info": {"source": "url"},
        "logentry": {"message": "Zebrafish was filed", "formatted": "x"}, "logger": "other",
        "exception": {"values": [{"type": "E", "value": "Zebrafish", "notes": ["Zebrafish"],
            "stacktrace": {"frames": [{"function": "f", "vars": {"a": "Zebrafish"}}]}}]},
    }  # fmt: skip
    sent = scrubbed(event, None)
    assert "Zebrafish" not in str(sent)
    assert "key" not in str(sent)
    assert sent["exception"]["values"][0]["stacktrace"]["frames"] == [{"function": "f"}]


def test_spans_arrive_with_routes_and_tasks_and_without_addresses_and_texts(
    receiver: Receiver,
) -> None:
    code = (
        f"{FAILING}\nfrom config.observability import traces\n"
        "traces.provider.force_flush(); traces.provider.shutdown()"
    )
    done = run(code, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{receiver.host}")
    assert done.returncode == 0, done.stderr
    spans, everything = [], b""
    for path, body, _ in receiver.requests:
        assert path == "/v1/traces"
        plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        everything += plain
        for resource in ExportTraceServiceRequest.FromString(plain).resource_spans:
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    for secret in SECRETS:
        assert secret.encode() not in everything, secret
    of_request = next(span for span in spans if span.name.startswith("POST"))
    attributes = {each.key: each.value.string_value for each in of_request.attributes}
    assert attributes["http.route"].startswith("hooks/<str:slug>")
    assert attributes["causebook.request_id"] == "r-12345678"
    assert "run/incidents.tasks.work_deliveries" in {span.name for span in spans}


SETTINGS = [
    pytest.param("SENTRY_DSN", "http://public@127.0.0.1:1/1", "sentry_sdk", id="Sentry"),
    pytest.param(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "opentelemetry", id="OpenTelemetry"
    ),
]


@pytest.mark.parametrize(("name", "value", "package"), SETTINGS)
def test_a_setting_without_its_packages_says_what_to_install(
    name: str, value: str, package: str
) -> None:
    code = (
        "import sys\n"
        f"class Missing:\n"
        f"    def find_spec(self, name, *_):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        f"            raise ModuleNotFoundError(name, name={package!r})\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import django; django.setup()"
    )
    done = run(code, **{name: value})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{name} is set, but {package}" in done.stderr
    assert "requirements-observability.txt" in done.stderr
    assert run(code).returncode == 0, "and nobody needs them without it"


@pytest.mark.parametrize(("name", "value", "package"), SETTINGS)
def test_a_setting_that_is_no_address_is_named(name: str, value: str, package: str) -> None:
    done = run("import django; django.setup()", **{name: "zebrafish"})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr

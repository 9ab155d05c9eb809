"""The contract every source keeps, over real sockets."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import CommandError, call_command
from django.db import connection
from moto import mock_aws

from analysis.models import Source
from analysis.sources import registry
from analysis.sources.base import SourceError, SourceQuery, Target, Window
from analysis.sources.templates import parse_templates, queries_for
from tests.misbehaving_server import BEHAVIOURS, Behaving

WINDOW = Window(datetime.fromtimestamp(1000, UTC), datetime.fromtimestamp(4600, UTC))
HTTP = ["prometheus", "loki", "elasticsearch", "kubernetes", "jaeger", "tempo", "grafana"]


def plugin(kind: str, url: str = "http://127.0.0.1:1") -> Any:
    made = registry()[kind]
    initial = {k: f.initial or "" for k, f in made.SettingsForm().fields.items()}
    return made({**initial, "url": url})


@pytest.mark.parametrize("kind", sorted(registry()))
def test_each_plugin_names_itself_and_makes_queries_for_a_service(kind: str) -> None:
    made = plugin(kind)
    assert made.title
    assert made.items in ("series", "lines")
    queries = made.queries(Target("orders-db", "postgresql"))
    assert queries
    assert all("orders-db" in query.text for query in queries)


@pytest.mark.parametrize("kind", sorted(registry()))
def test_no_service_name_can_break_out_of_a_query(kind: str) -> None:
    with pytest.raises(SourceError, match="cannot be put in a query"):
        plugin(kind).queries(Target('x"} or {a="b', "http"))


@pytest.mark.clock
@pytest.mark.parametrize("kind", HTTP)
@pytest.mark.parametrize(
    ("behaviour", "reason", "passing"),
    [
        ("500", "server-error", True),
        ("401", "denied", False),
        ("404", "not-found", False),
        ("redirect", "redirect", False),
        ("garbage", "garbage", False),
        ("wrong-shape", "garbage", False),
        ("hang", "timeout", True),
        ("drip", "timeout", True),
        ("cut", "broken", True),
        ("flood", "too-large", False),
    ],
)
def test_a_misbehaving_server_is_a_stated_reason_within_the_deadline(
    kind: str, behaviour: str, reason: str, passing: bool, server: Callable[[str], str]
) -> None:
    # Enough for one that answers; for those that never do, it is all spent.
    deadline = 0.5 if reason == "timeout" else 2.0
    began = time.monotonic()
    with pytest.raises(SourceError) as error:
        plugin(kind, server(behaviour)).pull(SourceQuery("cpu", "x"), WINDOW, deadline)
    assert (error.value.reason, error.value.passing) == (reason, passing)
    assert time.monotonic() - began < deadline + 3


@pytest.mark.parametrize("kind", HTTP)
def test_a_server_that_is_not_there_is_a_passing_failure(kind: str) -> None:
    with pytest.raises(SourceError, match="cannot be reached") as error:
        plugin(kind).pull(SourceQuery("cpu", "x"), WINDOW, 2.0)
    assert error.value.passing


@pytest.mark.parametrize("kind", HTTP)
def test_a_probe_of_another_product_names_the_setting_to_change(
    kind: str, server: Callable[[str], str]
) -> None:
    with pytest.raises(SourceError, match=r"answers, but not like .*Check “Address”"):
        plugin(kind, server("wrong-shape")).probe(2.0)


def test_prometheus_leaves_out_what_is_no_number(server: Callable[[str], str]) -> None:
    answer = plugin("prometheus", server("well")).pull(SourceQuery("cpu", "x"), WINDOW, 2.0)
    assert answer.items[0].values == [1.0]


EVENT = {
    "reason": "BackOff",
    "type": "Warning",
    "lastTimestamp": "1970-01-01T00:20:00Z",
    "involvedObject": {"kind": "Pod", "name": "orders-7d9f8b6c5d-x2x4z"},
    "message": "Back-off restarting failed container, token=abcdef",
}
OTHER = {**EVENT, "involvedObject": {"kind": "Pod", "name": "ordersync-1"}}
NEWER = {
    "reason": "OOMKilling",
    "series": {"lastObservedTime": "1970-01-01T00:21:00.5Z"},
    "regarding": {"kind": "Pod", "name": "orders-7d9f8b6c5d-x2x4z"},
    "note": "Memory cgroup out of memory",
}
POD = {
    "metadata": {"name": "orders-7d9f8b6c5d-x2x4z"},
    "status": {
        "containerStatuses": [
            {
                "name": "app",
                "restartCount": 4,
                "lastState": {
                    "terminated": {
                        "reason": "OOMKilled",
                        "exitCode": 137,
                        "finishedAt": "1970-01-01T00:20:30Z",
                    }
                },
            }
        ]
    },
}
OLD_EVENTS = "/api/v1/namespaces/default/events"
NEW_EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"


@pytest.mark.parametrize(
    ("path", "event", "line_start"),
    [
        (OLD_EVENTS, EVENT, "Warning BackOff Pod orders-7d9f8b6c5d-x2x4z: Back-off"),
        (NEW_EVENTS, NEWER, "Normal OOMKilling Pod orders-7d9f8b6c5d-x2x4z: Memory"),
    ],
)
def test_kubernetes_events_are_read_from_either_api(
    path: str, event: dict[str, Any], line_start: str, server: Callable[[Any], str]
) -> None:
    source = plugin("kubernetes", server({path: {"items": [event, OTHER]}}))
    answer = source.pull(SourceQuery("events", "events orders"), WINDOW, 2.0)
    [line] = answer.items
    assert line.text.startswith(line_start)
    assert "abcdef" not in line.text


def test_kubernetes_tells_how_containers_ended(server: Callable[[Any], str]) -> None:
    source = plugin("kubernetes", server({"/api/v1/namespaces/default/pods": {"items": [POD]}}))
    [line] = source.pull(SourceQuery("container ends", "pods orders"), WINDOW, 2.0).items
    assert "OOMKilled, exit code 137, restarts 4" in line.text
    assert line.at == 1230


def test_traces_become_error_share_and_latency_by_minute(server: Callable[[Any], str]) -> None:
    def span(second: int, seconds: float, **tags: object) -> dict[str, object]:
        span_tags = [{"key": key, "value": value} for key, value in tags.items()]
        return {
            "processID": "p",
            "startTime": second * 1e6,
            "duration": seconds * 1e6,
            "tags": span_tags,
        }

    trace = {
        "processes": {"p": {"serviceName": "orders"}, "q": {"serviceName": "other"}},
        "spans": [
            span(1205, 0.2),
            span(1215, 0.4, error=True),
            {**span(1216, 9), "processID": "q"},
        ],
    }
    source = plugin("jaeger", server({"/api/traces": {"data": [trace]}}))
    [errors] = source.pull(SourceQuery("span errors", "errors orders"), WINDOW, 2.0).items
    assert (errors.times, errors.values) == ([1200.0], [50.0])
    [latency] = source.pull(SourceQuery("span p95", "p95 orders"), WINDOW, 2.0).items
    assert latency.values == [pytest.approx(0.39)]


def test_grafana_annotations_become_lines(server: Callable[[Any], str]) -> None:
    note = {"time": 1_200_000, "text": "orders 4.2 rolled out", "tags": ["orders", "deploy"]}
    source = plugin("grafana", server({"/api/annotations": [note]}))
    [line] = source.pull(SourceQuery("annotations", "orders"), WINDOW, 2.0).items
    assert (line.at, line.text) == (1200.0, "orders 4.2 rolled out [orders, deploy]")


@pytest.mark.django_db
def test_check_sources_names_what_does_not_answer(server: Callable[[Any], str]) -> None:
    Source.objects.create(
        name="Good", kind="grafana", settings={"url": server({"/api/annotations": []})}
    )
    Source.objects.create(name="Gone", kind="loki", settings={"url": "http://127.0.0.1:1"})
    out = StringIO()
    with pytest.raises(CommandError, match="1 of the sources"):
        call_command("check_sources", stdout=out)
    assert "ok      Good" in out.getvalue()
    assert "FAILED  Gone: 127.0.0.1:1 cannot be reached" in out.getvalue()


def test_a_template_line_that_is_wrong_is_named() -> None:
    with pytest.raises(ValueError, match="Line 2"):
        parse_templates("any | cpu | cores | x\nhttp only")


def test_a_line_for_one_service_beats_that_for_its_kind_and_for_all() -> None:
    lines = "any | cpu | | a\nhttp,jvm | cpu | | b\norders | cpu | | c\nany | memory | | m"
    for name, kind, expected in (
        ("orders", "http", ["c", "m"]), ("web", "jvm", ["b", "m"]), ("db", "other", ["a", "m"]),
    ):  # fmt: skip
        assert [query.text for query in queries_for(lines, Target(name, kind))] == expected


@pytest.fixture
def log_root(tmp_path: Path, settings: Any) -> Path:
    settings.LOG_ROOT = str(tmp_path)
    return tmp_path


def test_log_files_give_the_lines_of_the_window(log_root: Path) -> None:
    start = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    (log_root / "orders-db.log").write_text(
        "2026-03-01 01:00:00 early\n2026-03-01T02:30:00Z ERROR in\n  at frame\n"
        "2026-03-01 04:30:00+02:00 also in\n2026-03-01 09:00:00 late\n"
    )
    made = plugin("logfiles")
    query = made.queries(Target("orders-db", "http"))[0]
    answer = made.pull(query, Window(start, start + timedelta(hours=1)), 5)
    assert [item.text[-8:] for item in answer.items] == ["ERROR in", "at frame", " also in"]


def test_secrets_in_log_lines_are_hidden_before_they_are_stored(log_root: Path) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvcmRlcnMifQ.c2lnbmF0dXJl"
    (log_root / "orders-db.log").write_text(
        f"2026-03-01T02:30:00Z AKIAIOSFODNN7EXAMPLE {token} ghp_{'a' * 36} password=hunter2\n"
    )
    source = plugin("logfiles")
    query = source.queries(Target("orders-db", "http"))[0]
    start = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    [line] = source.pull(query, Window(start, start + timedelta(hours=1)), 5).items
    hidden = "[redacted]"
    assert line.text.endswith(f"{hidden} {hidden} {hidden} password={hidden}")


def test_log_files_never_lead_out_of_their_folder(log_root: Path) -> None:
    (log_root / "link.log").symlink_to("/etc/passwd")
    made = plugin("logfiles")
    assert not made.pull(SourceQuery("log", "link.log"), WINDOW, 5).items
    for pattern in ("../*.log", "/etc/passwd"):
        with pytest.raises(SourceError, match="out of the folder"):
            made.pull(SourceQuery("log", pattern), WINDOW, 5)


def database_source(**changed: Any) -> Any:
    at = connection.get_connection_params()
    settings = {
        "host": at.get("host", "localhost"), "port": at.get("port", 5432),
        "database": at["dbname"], "username": at.get("user", ""),
        "password": at.get("password", ""), **changed,
    }  # fmt: skip
    return registry()["postgresql"](settings)


@pytest.mark.django_db(transaction=True)
def test_postgresql_tells_who_waits_for_whose_lock() -> None:
    made = database_source()
    info = {"host": made.settings["host"], "port": made.settings["port"]}
    info |= {"dbname": made.settings["database"], "user": made.settings["username"]}
    password = made.settings["password"] or None
    with psycopg.connect(**info, password=password) as holder:
        holder.execute("lock table incidents_service")
        with psycopg.connect(**info, password=password) as waiter:
            querying = threading.Thread(
                target=lambda: suppress_errors(waiter, "lock table incidents_service")
            )
            querying.start()
            time.sleep(0.5)
            locks = made.pull(SourceQuery("locks", "locks orders-db"), WINDOW, 3.0)
            sessions = made.pull(SourceQuery("sessions", "sessions orders-db"), WINDOW, 3.0)
            waiter.cancel()
            querying.join()
    assert "held by: lock table incidents_service" in locks.items[0].text
    assert any("waits for Lock" in line.text for line in sessions.items)
    assert any("remembers no past" in gap for gap in locks.gaps)


def suppress_errors(waiter: Any, statement: str) -> None:
    with contextlib.suppress(psycopg.Error):
        waiter.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_postgresql_without_the_extension_says_how_to_get_it() -> None:
    answer = database_source().pull(SourceQuery("statements", "statements orders-db"), WINDOW, 3.0)
    assert answer.items or "create extension pg_stat_statements" in " ".join(answer.gaps)
    assert "PostgreSQL" in database_source().probe(3.0)


def test_postgresql_gets_prepared_queries_only() -> None:
    with pytest.raises(SourceError, match="Query one of: statements, sessions, locks"):
        database_source(username="x").pull(SourceQuery("x", "drop table incidents"), WINDOW, 1.0)


@pytest.mark.clock
def test_postgresql_that_hangs_or_is_away_is_a_reason(server: Callable[[str], str]) -> None:
    port = int(server("hang").rpartition(":")[2])
    for at in (port, 1):
        began = time.monotonic()
        with pytest.raises(SourceError, match="cannot be reached"):
            database_source(host="127.0.0.1", port=at, username="x").probe(2.0)
        assert time.monotonic() - began < 5


def test_cloudwatch_values_come_back_in_order() -> None:
    with mock_aws():
        start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
        client = boto3.client("cloudwatch", "eu-central-1", **AWS)
        for minute in range(5):
            client.put_metric_data(
                Namespace="Shop",
                MetricData=[
                    {
                        "MetricName": "Queue",
                        "Dimensions": [{"Name": "QueueName", "Value": "mail"}],
                        "Timestamp": start + timedelta(minutes=minute),
                        "Value": float(minute),
                    }
                ],
            )
        made = plugin("cloudwatch")
        made.settings.update(access_key_id="test", secret_access_key="test")
        window = Window(start - timedelta(minutes=5), start + timedelta(minutes=10))
        query = SourceQuery("waiting", "Shop Queue Maximum QueueName=mail")
        answer = made.pull(query, window, 5.0)
        assert answer.items[0].values == [0, 1, 2, 3, 4]
        assert made.pull(SourceQuery("x", "Shop Nothing Sum"), window, 5.0).gaps
        with pytest.raises(SourceError, match="name=value"):
            made.pull(SourceQuery("x", "Shop Queue Maximum QueueName"), window, 5.0)
        assert "may list metrics" in made.probe(5.0)


AWS: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def test_a_certificate_of_nobody_we_know_is_named_with_the_cure(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    (tmp_path / "both.pem").write_bytes(secret + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    handler = type("H", (Behaving,), {"behaviour": staticmethod(BEHAVIOURS["well"])})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    url = f"https://localhost:{httpd.server_address[1]}"
    try:
        with pytest.raises(SourceError, match="Set “CA certificate”") as error:
            plugin("prometheus", url).pull(SourceQuery("cpu", "x"), WINDOW, 2.0)
        assert error.value.reason == "certificate"
        trusting = plugin("prometheus", url)
        trusting.http.settings["ca_certificate"] = pem.decode()
        assert trusting.pull(SourceQuery("cpu", "x"), WINDOW, 2.0).items
        with pytest.raises(SourceError, match="Set “CA certificate”"):
            plugin("prometheus", url).pull(SourceQuery("cpu", "x"), WINDOW, 2.0)
    finally:
        httpd.shutdown()
        httpd.server_close()

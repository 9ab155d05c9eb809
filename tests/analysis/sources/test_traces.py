"""One request as Jaeger and Tempo write it, in every form that is in use, is the same trace."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.sources import registry
from analysis.sources.base import MAX_TRACES, SourceQuery, Trace, Window
from analysis.sources.spans import has_failed, hex_id, peer_of, read_jaeger, read_otlp
from analysis.sources.traces import PARTS

SAMPLES = Path(__file__).parent / "samples"
TRACE = "4f1c9d27b60e83a5d2c7419be03f6a58"
AT = datetime(2025, 11, 26, 3, tzinfo=UTC)
WINDOW = Window(AT - timedelta(hours=1), AT + timedelta(hours=1))
QUERY = SourceQuery("traces", "traces checkout")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def plugin(kind: str, url: str, **settings: str) -> Any:
    return registry()[kind]({"url": url, **settings})


SERVERS = {
    "jaeger 1": ("jaeger", {"/api/traces": sample("jaeger-1.57-api-traces")}),
    "jaeger 2": ("jaeger", {"/api/v3/traces": sample("jaeger-2.11-api-v3-traces")}),
    "tempo": (
        "tempo",
        {
            "/api/search": sample("tempo-2.9-api-search"),
            f"/api/v2/traces/{TRACE}": sample("tempo-2.9-api-v2-trace"),
        },
    ),
    "older tempo": (
        "tempo",
        {
            "/api/search": sample("tempo-2.9-api-search"),
            f"/api/traces/{TRACE}": sample("tempo-2.3-api-trace"),
        },
    ),
}


def pulled(name: str, server: Callable[[Any], str], query: SourceQuery = QUERY) -> Any:
    kind, answers = SERVERS[name]
    return plugin(kind, server(answers)).pull(query, WINDOW, 5.0)


@pytest.mark.parametrize("name", SERVERS)
def test_a_trace_is_the_same_from_every_server(name: str, server: Callable[[Any], str]) -> None:
    [trace] = pulled(name, server).items
    assert trace.id == TRACE
    assert [(span.service, span.operation, span.kind, span.failed) for span in trace.spans] == [
        ("checkout", "POST /checkout", "server", True),
        ("checkout", "POST", "client", True),
        ("payments", "POST /charge", "server", True),
        ("payments", "SELECT payments", "client", False),
    ]
    root, call, charge, select = trace.spans
    assert (root.parent, call.parent, charge.parent) == ("", root.id, call.id)
    assert (call.peer, select.peer) == ("payments", "payments-db")
    assert root.start == pytest.approx(AT.timestamp())
    assert (root.duration, select.duration) == (2040.0, 101.0)
    assert charge.note.startswith("HTTP 503, pool exhausted")
    assert "hunter22" not in charge.note


@pytest.mark.parametrize("name", SERVERS)
def test_error_share_and_latency_come_from_every_server(
    name: str, server: Callable[[Any], str]
) -> None:
    [errors] = pulled(name, server, SourceQuery("span errors", "errors checkout", "%")).items
    assert (errors.times, errors.values) == ([AT.timestamp()], [100.0])
    [latency] = pulled(name, server, SourceQuery("span p95", "p95 checkout", "s")).items
    assert latency.values == [pytest.approx(2.03875)]


def test_jaeger_2_that_finds_nothing_is_an_empty_answer(server: Callable[[Any], str]) -> None:
    def behaviour(self: Any) -> None:
        if self.path.startswith("/api/v3/"):
            self.reply(404, b'{"error":{"httpCode":404,"message":"No traces found"}}')
        else:
            self.reply(404, b"")

    answer = plugin("jaeger", server(behaviour)).pull(QUERY, WINDOW, 5.0)
    assert (answer.items, answer.gaps) == ([], ["No traces of checkout in the window."])


def test_a_stream_of_several_documents_is_read_to_its_end(server: Callable[[Any], str]) -> None:
    document = sample("jaeger-2.11-api-v3-traces")
    checkout, payments = document["result"]["resourceSpans"]
    chunks = [{"result": {"resourceSpans": [part]}} for part in (checkout, payments)]
    body = "\n".join(json.dumps(chunk) for chunk in chunks).encode()

    def behaviour(self: Any) -> None:
        v3 = self.path.startswith("/api/v3/")
        self.reply(200 if v3 else 404, body if v3 else b"")

    [trace] = plugin("jaeger", server(behaviour)).pull(QUERY, WINDOW, 5.0).items
    assert {span.service for span in trace.spans} == {"checkout", "payments"}


def test_tempo_without_a_result_is_an_empty_answer(server: Callable[[Any], str]) -> None:
    # Protobuf's JSON leaves the empty list out.
    answer = plugin("tempo", server({"/api/search": {"metrics": {"totalJobs": 1}}}))
    assert answer.pull(QUERY, WINDOW, 5.0).gaps == ["No traces of checkout in the window."]


def test_tempo_is_searched_by_traceql_within_the_window(server: Callable[[Any], str]) -> None:
    searches: list[dict[str, list[str]]] = []

    def behaviour(self: Any) -> None:
        searches.append(parse_qs(urlsplit(self.path).query))
        self.reply(200, b'{"traces":[],"metrics":{}}')

    source = plugin("tempo", server(behaviour))
    source.pull(QUERY, WINDOW, 5.0)
    assert searches[0]["q"][0].startswith('{ resource.service.name = "checkout" }')
    assert searches[0]["start"] == [str(int(WINDOW.start.timestamp()))]
    own = SourceQuery("slow carts", '{ span.http.route = "/cart" && duration > 1s }')
    assert source.items_of(own) == "traces"
    source.pull(own, WINDOW, 5.0)
    assert searches[1]["q"] == [own.text]


def test_a_trace_that_is_gone_or_cut_is_a_stated_gap(server: Callable[[Any], str]) -> None:
    search = sample("tempo-2.9-api-search")
    gone = plugin("tempo", server({"/api/search": search})).pull(QUERY, WINDOW, 5.0)
    assert gone.gaps[0] == "1 traces were found and could not be read."
    partial = {**sample("tempo-2.9-api-v2-trace"), "status": "PARTIAL", "message": "too large"}
    answers = {"/api/search": search, f"/api/v2/traces/{TRACE}": partial}
    assert "not complete" in plugin("tempo", server(answers)).pull(QUERY, WINDOW, 5.0).gaps[0]


def jaeger_traces(start: int, end: int, every: int, limit: int) -> list[dict[str, Any]]:
    """The newest traces of a service with a request every so many seconds, as Jaeger has them."""
    return [
        {
            "traceID": f"{second:x}",
            "processes": {"p": {"serviceName": "checkout"}},
            "spans": [
                {
                    "traceID": f"{second:x}", "spanID": f"{second:x}", "processID": "p",
                    "operationName": "GET", "startTime": second * 10**6, "duration": 1000,
                }
            ],
        }
        for second in range(end // every * every, start, -every)[:limit]
    ]  # fmt: skip


def test_of_a_busy_service_all_times_of_the_window_are_sampled(
    server: Callable[[Any], str],
) -> None:
    def behaviour(self: Any) -> None:
        query = {key: int(value[0]) for key, value in parse_qs(urlsplit(self.path).query).items()
                 if key != "service"}  # fmt: skip
        found = jaeger_traces(query["start"] // 10**6, query["end"] // 10**6, 2, query["limit"])
        self.reply(200, json.dumps({"data": found}).encode())

    answer = plugin("jaeger", server(behaviour)).pull(QUERY, WINDOW, 10.0)
    starts = [trace.start for trace in answer.items]
    assert len(starts) <= MAX_TRACES
    parts = {int((at - WINDOW.start.timestamp()) / (WINDOW.seconds / PARTS)) for at in starts}
    assert parts >= set(range(PARTS))
    assert "a sample of all times" in answer.gaps[0]


def test_a_link_leads_to_the_page_that_the_settings_name() -> None:
    assert plugin("jaeger", "http://j:16686").trace_page("ab12") == "http://j:16686/trace/ab12"
    assert plugin("tempo", "http://t:3200").trace_page("ab12") == ""
    named = plugin("tempo", "http://t:3200", trace_address="https://g.example/t/$trace?orgId=1")
    assert named.trace_page('a"b') == "https://g.example/t/a%22b?orgId=1"
    form = registry()["tempo"].SettingsForm(
        {"url": "http://t", "trace_address": "javascript:$trace"}
    )
    assert "trace_address" in form.errors


@pytest.mark.parametrize(
    ("attributes", "failed"),
    [
        ({"otel.status_code": "ERROR"}, True),
        ({"otel.status_code": 2}, True),
        ({"otel.status_code": "OK", "error": "false"}, False),
        ({"error": True}, True),
        ({"http.status_code": 500}, True),
        ({"http.response.status_code": "503"}, True),
        ({"http.response.status_code": 404}, False),
        ({"rpc.grpc.status_code": 14}, True),
        ({"rpc.grpc.status_code": 5}, False),
        ({"rpc.response.status_code": "UNAVAILABLE"}, True),
        ({}, False),
    ],
)
def test_failure_is_read_by_names_old_and_new(attributes: dict[str, Any], failed: bool) -> None:
    assert has_failed(attributes) is failed


@pytest.mark.parametrize(
    ("attributes", "peer"),
    [
        ({"peer.service": "payments", "server.address": "x"}, "payments"),
        ({"service.peer.name": "payments"}, "payments"),
        ({"net.peer.name": "orders-db.shop.svc.cluster.local:5432"}, "orders-db"),
        ({"server.address": "api.example.com"}, "api.example.com"),
        ({"server.address": "10.0.0.7", "db.system": "redis"}, "redis"),
        ({"server.address": "fd00::7", "db.system.name": "mysql"}, "mysql"),
        ({"rpc.service": "shop.Cart"}, "shop.Cart"),
        ({}, ""),
    ],
)
def test_what_a_client_called_is_read_by_names_old_and_new(
    attributes: dict[str, Any], peer: str
) -> None:
    assert peer_of(attributes) == peer


@given(st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16))
def test_an_id_is_the_same_in_hexadecimal_and_base64(raw: bytes) -> None:
    expected = raw.hex() if any(raw) else ""
    assert hex_id(raw.hex()) == hex_id(raw.hex().upper()) == expected
    assert hex_id(base64.b64encode(raw).decode()) == expected


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(list(sample("tempo-2.3-api-trace")["batches"][0])), json_values)
def test_odd_otlp_is_garbage_or_a_trace_never_another_error(key: str, odd: Any) -> None:
    document = sample("tempo-2.3-api-trace")
    document["batches"][0][key] = odd
    check_reading(lambda: read_otlp(document))


@given(
    st.sampled_from(["spanID", "references", "startTime", "duration", "tags", "logs"]), json_values
)
def test_odd_jaeger_json_is_garbage_or_a_trace_never_another_error(key: str, odd: Any) -> None:
    document = sample("jaeger-1.57-api-traces")
    document["data"][0]["spans"][1][key] = odd
    check_reading(lambda: read_jaeger(document["data"]))


def check_reading(read: Callable[[], list[Trace]]) -> None:
    try:
        traces = read()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return
    for span in (span for trace in traces for span in trace.spans):
        assert math.isfinite(span.start)
        assert math.isfinite(span.duration)
        assert span.duration >= 0


def test_a_name_cannot_end_the_quoted_string_of_a_query(server: Callable[[Any], str]) -> None:
    searched: list[str] = []

    def behaviour(self: Any) -> None:
        searched.append(parse_qs(urlsplit(self.path).query)["q"][0])
        self.reply(200, b'{"metrics":{}}')

    hostile = SourceQuery("traces", 'traces x\\" || true } || { name = "')
    plugin("tempo", server(behaviour)).pull(hostile, WINDOW, 1.0)
    assert searched[0].count('"') == 2

"""Spans as Jaeger's own JSON and OTLP-JSON write them, by OpenTelemetry's names old and new.

Names: https://opentelemetry.io/docs/specs/semconv/ (http.status_code became
http.response.status_code in 1.21, db.system became db.system.name in 1.30, peer.service became
service.peer.name). OTLP-JSON gives ids in hexadecimal; Tempo and old gateways give them in Base64,
as protobuf's JSON does.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.sources.base import MAX_SPANS, Trace, TracedSpan
from common.redaction import redact

MAX_NAME, MAX_NOTE = 200, 300
_HEX = re.compile(r"[0-9a-f]{1,32}")
_KINDS = ("", "internal", "server", "client", "producer", "consumer")
_HTTP_STATUS = ("http.response.status_code", "http.status_code")
_GRPC_STATUS = ("rpc.grpc.status_code", "rpc.response.status_code")
_SERVER_FAULTS = {
    "2": "UNKNOWN",
    "4": "DEADLINE_EXCEEDED",
    "12": "UNIMPLEMENTED",
    "13": "INTERNAL",
    "14": "UNAVAILABLE",
    "15": "DATA_LOSS",
}
"""Codes of gRPC that the conventions count as a server's error; others may be the caller's."""
_PEER_NAMES = ("service.peer.name", "peer.service")
_PEER_ADDRESSES = ("server.address", "net.peer.name", "peer.hostname", "peer.address")
_PEER_KINDS = (
    "db.system.name",
    "db.system",
    "db.type",
    "messaging.destination.name",
    "messaging.destination",
    "messaging.system",
    "rpc.service",
)

Attributes = Mapping[str, Any]


def read_otlp(document: Any) -> list[Trace]:
    """Traces of OTLP-JSON: `resourceSpans`, or `batches` as Tempo calls them.

    Raises KeyError, TypeError or ValueError for another shape.
    """
    groups = document.get("resourceSpans") or document.get("batches") or []
    by_trace: dict[str, list[TracedSpan]] = {}
    for group in groups:
        resource = _otlp_attributes((group.get("resource") or {}).get("attributes"))
        service = _name(resource.get("service.name") or "unknown")
        # The key that OTLP used before version 0.15.
        scopes = group.get("scopeSpans") or group.get("instrumentationLibrarySpans") or []
        for span in (span for scope in scopes for span in scope.get("spans") or []):
            by_trace.setdefault(hex_id(span["traceId"]), []).append(_otlp_span(span, service))
    return _traces(by_trace)


def read_jaeger(traces: Iterable[Any]) -> list[Trace]:
    """Traces of Jaeger's own JSON. Raises KeyError, TypeError or ValueError for another shape."""
    by_trace: dict[str, list[TracedSpan]] = {}
    for position, trace in enumerate(traces):
        processes = trace["processes"]
        for span in trace["spans"]:
            process = processes.get(span["processID"]) or {}
            trace_id = span.get("traceID") or trace.get("traceID") or f"{position:x}"
            spans = by_trace.setdefault(hex_id(trace_id), [])
            spans.append(_jaeger_span(span, _name(process.get("serviceName") or "unknown")))
    return _traces(by_trace)


def _traces(by_trace: dict[str, list[TracedSpan]]) -> list[Trace]:
    return [
        Trace(trace_id, sorted(spans, key=lambda span: span.start)[:MAX_SPANS])
        for trace_id, spans in by_trace.items()
        if spans
    ]


def hex_id(value: Any) -> str:
    """An id of a trace or a span in lower-case hexadecimal; "" for none, or all zeros.

    Raises ValueError for what is no id.

    >>> hex_id("2Q5lZ+RyfYoyJZLOTa9Zmg=="), hex_id("0000000000000000")
    ('d90e6567e4727d8a322592ce4daf599a', '')
    """
    text = str(value or "").lower()
    if not _HEX.fullmatch(text) and text:
        try:
            text = base64.b64decode(str(value), validate=True).hex()
        except binascii.Error:
            text = ""
        if len(text) not in (16, 32):
            raise ValueError("not an id of a trace or a span")
    return text if text.strip("0") else ""


def _name(value: Any) -> str:
    return redact(str(value))[:MAX_NAME]


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _otlp_span(span: Any, service: str) -> TracedSpan:
    start, end = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano") or 0)
    attributes = _otlp_attributes(span.get("attributes"))
    status = span.get("status") or {}
    kind = span.get("kind") or 0
    if isinstance(kind, int):
        kind = _KINDS[kind] if 0 <= kind < len(_KINDS) else ""
    events = (
        _otlp_attributes(event.get("attributes"))
        for event in span.get("events") or []
        if event.get("name") == "exception"
    )
    return _span(
        hex_id(span.get("spanId")),
        hex_id(span.get("parentSpanId")),
        service,
        span.get("name") or "unnamed",
        start / 1e9,
        max(0, end - start) / 1e6,
        str(kind).lower().removeprefix("span_kind_"),
        {
            "otel.status_code": status.get("code"),
            "otel.status_description": status.get("message"),
            **attributes,
        },
        events,
    )


def _otlp_attributes(pairs: Any) -> dict[str, Any]:
    """Plain values by name; of values that are lists or maps, nothing."""
    found = {}
    for pair in pairs or []:
        value = pair.get("value") or {}
        for key in ("stringValue", "intValue", "boolValue", "doubleValue"):
            if key in value:
                found[str(pair["key"])] = value[key]
    return found


def _jaeger_span(span: Any, service: str) -> TracedSpan:
    tags = _jaeger_tags(span.get("tags"))
    parents = span.get("references") or []
    children_of = [each for each in parents if each.get("refType") == "CHILD_OF"] or parents
    parent = children_of[0].get("spanID") if children_of else span.get("parentSpanID")
    logs = (_jaeger_tags(log.get("fields")) for log in span.get("logs") or [])
    return _span(
        hex_id(span.get("spanID")),
        hex_id(parent),
        service,
        span.get("operationName") or "unnamed",
        _finite(span["startTime"]) / 1e6,
        max(0.0, _finite(span["duration"])) / 1e3,
        str(tags.get("span.kind") or "").lower(),
        tags,
        (log for log in logs if "exception.message" in log or log.get("event") == "error"),
    )


def _jaeger_tags(tags: Any) -> dict[str, Any]:
    return {str(tag["key"]): tag.get("value") for tag in tags or []}


def _span(
    span_id: str,
    parent: str,
    service: str,
    operation: str,
    start: float,
    duration: float,
    kind: str,
    attributes: Attributes,
    exceptions: Iterator[Attributes],
) -> TracedSpan:
    failed = has_failed(attributes)
    return TracedSpan(
        span_id,
        "" if parent == span_id else parent,
        service,
        _name(operation),
        start,
        duration,
        failed,
        kind if kind in _KINDS else "",
        peer_of(attributes) if kind in ("client", "producer") else "",
        _why(attributes, exceptions) if failed else "",
    )


def _first(attributes: Attributes, names: Iterable[str]) -> str:
    return next((str(attributes[name]) for name in names if attributes.get(name)), "")


def has_failed(attributes: Attributes) -> bool:
    """Whether a span failed, by its status, its error tag, or the status of HTTP or gRPC."""
    status = str(attributes.get("otel.status_code") or "").upper()
    if status in ("2", "ERROR", "STATUS_CODE_ERROR"):
        return True
    if str(attributes.get("error") or "").lower() not in ("", "false", "0"):
        return True
    http = _first(attributes, _HTTP_STATUS)
    grpc = _first(attributes, _GRPC_STATUS).upper()
    return (
        (http.isascii() and http.isdigit() and int(http[:4]) >= 500)
        or grpc in _SERVER_FAULTS
        or grpc in _SERVER_FAULTS.values()
    )


def _why(attributes: Attributes, exceptions: Iterator[Attributes]) -> str:
    http, grpc = _first(attributes, _HTTP_STATUS), _first(attributes, _GRPC_STATUS)
    message = _first(attributes, ("otel.status_description", "error.message"))
    if not message:
        for event in exceptions:
            message = _first(event, ("exception.message", "message", "exception.type"))
            if message:
                break
    parts = (
        f"HTTP {http}" if http else "",
        f"gRPC {_SERVER_FAULTS.get(grpc, grpc)}" if grpc not in ("", "0", "OK") else "",
        message or _first(attributes, ("error.type",)),
    )
    return redact(", ".join(filter(None, parts)))[:MAX_NOTE]


def peer_of(attributes: Attributes) -> str:
    """What a client called: the name of a service, of a host, or of a kind of database.

    Of a host in a cluster, the part that names its service: `orders-db` of `orders-db.shop.svc`.
    """
    name = _first(attributes, _PEER_NAMES)
    if name:
        return _name(name)
    address = _first(attributes, _PEER_ADDRESSES)
    if address and not _is_ip(address):
        first, *rest = address.partition(":")[0].split(".")
        return _name(first if "svc" in rest or not rest else address.partition(":")[0])
    return _name(_first(attributes, _PEER_KINDS))


def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address.partition(":")[0] if address.count(":") == 1 else address)
    except ValueError:
        return False
    return True

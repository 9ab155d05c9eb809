"""A Jaeger with a shop's traces: checkout calls payments, which asks its database."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit


def shop_trace(
    at: float, *, edge: float = 4, payments: float = 30, error: str = "", chance: random.Random
) -> dict[str, Any]:
    """One request, durations in ms: `edge` is lost between checkout and payments."""
    trace = f"{int(at * 1000):032x}"
    query, own = 8 + 2 * chance.random(), payments * (1 + chance.random() / 4)
    call = own + edge * (1 + chance.random() / 4)

    def span(
        number: int,
        parent: int,
        process: str,
        name: str,
        start: float,
        duration: float,
        tags: dict[str, Any],
    ) -> dict[str, Any]:
        return {
            "traceID": trace,
            "spanID": f"{number:016x}",
            "operationName": name,
            "references": [
                {"refType": "CHILD_OF", "traceID": trace, "spanID": f"{parent:016x}"}
            ][: bool(parent)],
            "startTime": int(at * 1e6 + start * 1000),
            "duration": int(duration * 1000),
            "tags": [{"key": key, "value": tags[key]} for key in tags],
            "logs": [],
            "processID": process,
        }  # fmt: skip

    failed = {"otel.status_code": "ERROR", "otel.status_description": error} if error else {}
    code = 503 if error else 200
    return {
        "traceID": trace,
        "processes": {"c": {"serviceName": "checkout"}, "p": {"serviceName": "payments"}},
        "spans": [
            span(1, 0, "c", "POST /checkout", 0, call + 20 + 4 * chance.random(),
                 {"span.kind": "server", "http.status_code": code}),
            span(2, 1, "c", "POST", 6, call, {"span.kind": "client", "http.status_code": code}),
            span(3, 2, "p", "POST /charge", 6 + call - own, own,
                 {"span.kind": "server", **failed}),
            span(4, 3, "p", "SELECT payments", 8 + call - own, query,
                 {"span.kind": "client", "db.system": "postgresql",
                  "net.peer.name": "payments-db"}),
        ],
    }  # fmt: skip


def traced_shop(
    since: float, fault: Callable[[random.Random], dict[str, Any]], every: int = 90
) -> Callable[[Any], None]:
    """The behaviour of a server whose requests are as `fault` says from `since` on."""

    def behaviour(self: Any) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path != "/api/traces":
            self.reply(200, b'{"data":["checkout","payments"]}')
            return
        first, last = (int(query[name][0]) // 10**6 for name in ("start", "end"))
        found = []
        for at in range(last // every * every, first, -every)[: int(query["limit"][0])]:
            # Not of the clock: the same requests are slow by chance whenever it runs.
            chance = random.Random((at - since) // every)
            changed = fault(chance) if at >= since else {}
            found.append(shop_trace(at, chance=chance, **changed))
        self.reply(200, json.dumps({"data": found}).encode())

    return behaviour

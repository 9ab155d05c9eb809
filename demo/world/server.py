"""The HTTP server of the demo world: query APIs of Prometheus and Loki, and fault injection."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from demo.world.faults import FAULTS, Episode
from demo.world.promql import evaluate
from demo.world.services import SERVICES
from demo.world.telemetry import World

MOST_POINTS = 11_000
_LOGQL = re.compile(r'^\s*\{\s*service\s*=\s*"([^"]+)"\s*\}\s*(?:\|=\s*"([^"]*)"\s*)?$')


class BadRequest(ValueError):
    """The client's mistake, answered with 400."""


def query_range(world: World, query: dict[str, str]) -> dict[str, Any]:
    try:
        start, end = float(query["start"]), float(query["end"])
        step = float(query["step"])
        if (end - start) / step > MOST_POINTS:
            raise BadRequest("exceeded maximum resolution of 11,000 points per timeseries")
        # No data in the future, like a real server.
        times = np.arange(start, min(end, time.time()) + 1e-6, step)
        vectors = evaluate(world, query["query"], times) if len(times) else []
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise BadRequest(str(error)) from error
    result = [
        {
            "metric": vector.labels,
            "values": [[at, f"{v:g}"] for at, v in zip(times.tolist(), vector.values, strict=True)],
        }
        for vector in vectors
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def query_now(world: World, query: dict[str, str]) -> dict[str, Any]:
    at = float(query.get("time") or time.time())
    try:
        vectors = evaluate(world, query["query"], np.array([at]))
    except (KeyError, ValueError) as error:
        raise BadRequest(str(error)) from error
    result = [{"metric": v.labels, "value": [at, f"{v.values[0]:g}"]} for v in vectors]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def query_logs(world: World, query: dict[str, str]) -> dict[str, Any]:
    match = _LOGQL.match(query.get("query", ""))
    if not match:
        raise BadRequest('parse error: this world reads {service="name"} and |= "text"')
    service, wanted = match[1], match[2] or ""
    now = time.time()
    start = int(query.get("start") or (now - 3600) * 1e9) / 1e9
    end = min(int(query.get("end") or now * 1e9) / 1e9, now)
    limit = int(query.get("limit") or 100)
    lines = list(world.lines(service, start, end)) if service in SERVICES else []
    lines = [line for line in lines if wanted in line[1]]
    backward = query.get("direction", "backward") == "backward"
    lines = lines[-limit:][::-1] if backward else lines[:limit]
    values = [[str(int(at * 1e9)), text] for at, text in lines]
    streams = [{"stream": {"service": service}, "values": values}] if values else []
    return {"status": "success", "data": {"resultType": "streams", "result": streams}}


def known_labels(world: World, query: dict[str, str]) -> dict[str, Any]:
    return {"status": "success", "data": ["service"]}


ROUTES: dict[str, Callable[[World, dict[str, str]], dict[str, Any]]] = {
    "/api/v1/query_range": query_range,
    "/api/v1/query": query_now,
    "/loki/api/v1/query_range": query_logs,
    "/loki/api/v1/labels": known_labels,
}


class Handler(BaseHTTPRequestHandler):
    world: World
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        route = ROUTES.get(parts.path)
        if route is None:
            return self._answer(404, {"status": "error", "error": "no such path"})
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            self._answer(200, route(self.world, query))
        except BadRequest as error:
            self._answer(400, {"status": "error", "errorType": "bad_data", "error": str(error)})

    def do_POST(self) -> None:
        """/faults: {"service", "fault", "minutes_ago", "spread_minutes"}; /calm ends all."""
        length = min(int(self.headers.get("Content-Length") or 0), 10_000)
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return self._answer(400, {"error": "send JSON"})
        if self.path == "/calm":
            return self._answer(200, {"ended": self.world.episodes.end_all(time.time())})
        service, fault = body.get("service"), body.get("fault")
        if self.path != "/faults" or service not in SERVICES or fault not in FAULTS:
            known = {"services": sorted(SERVICES), "faults": sorted(FAULTS)}
            return self._answer(400, {"error": "unknown service or fault", **known})
        start = time.time() - 60 * float(body.get("minutes_ago", 10))
        delay = 60 * float(body.get("spread_minutes", 0))
        self.world.episodes.add(Episode(service, fault, start, delay=delay))
        self._answer(200, {"started": start})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Not logged: a line per request would flood the log."""


def make_server(world: World, port: int) -> ThreadingHTTPServer:
    handler = type("WorldHandler", (Handler,), {"world": world})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)

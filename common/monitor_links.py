"""The query inside a link that a monitor sends with an alert. The link itself is never fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from common import json_text

MAX_URL, MAX_QUERY = 20_000, 5_000
MAX_DEPTH = 6
PLAIN = ("g0.expr", "expr")
"""Prometheus, Thanos and VictoriaMetrics; rulers with a link of their own."""
GRAFANA_EXPLORE = ("left", "panes")
"""JSON of Grafana's page Explore, which the rulers of Mimir, Loki and vmalert link to."""


def query_in_link(url: str) -> str:
    """The expression in a monitor's link; empty where there is none.

    >>> query_in_link("http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1")
    'up == 0'
    """
    if len(url) > MAX_URL:
        return ""
    try:
        parts = urlsplit(url)
        # VictoriaMetrics' own page has its parameters after the hash.
        fields = parse_qs(parts.query) | parse_qs(parts.fragment.partition("?")[2])
    except ValueError:
        return ""
    for name in PLAIN:
        if name in fields:
            return _usable(fields[name][0])
    for name in GRAFANA_EXPLORE:
        try:
            read = json_text.loads(fields[name][0]) if name in fields else None
        except (ValueError, RecursionError):
            continue
        if found := next((text for text in map(_usable, _expressions(read)) if text), ""):
            return found
    return ""


def _expressions(data: Any, depth: int = 0) -> Iterator[str]:
    """Every text named `expr` in nested JSON, in order."""
    if depth > MAX_DEPTH:
        return
    if isinstance(data, dict):
        if isinstance(data.get("expr"), str):
            yield data["expr"]
        data = list(data.values())
    if isinstance(data, list):
        for each in data:
            yield from _expressions(each, depth + 1)


def _usable(query: str) -> str:
    """A query as it can be stored; empty for one that was cut or is binary."""
    query = query.replace("\r", "").strip()
    printable = all(character.isprintable() or character in "\n\t" for character in query)
    return query if printable and len(query) <= MAX_QUERY else ""

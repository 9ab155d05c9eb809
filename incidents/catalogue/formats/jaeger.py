"""Who calls whom, as Jaeger's /api/dependencies or an OpenTelemetry service graph exports it."""

from __future__ import annotations

from collections.abc import Iterator

from common.file_import import BadFile, Skipped, json_of
from common.payloads import text
from incidents.catalogue.formats.base import CatalogueEntry, CatalogueReader


class Jaeger(CatalogueReader):
    kind = "jaeger"
    title = "Jaeger or OpenTelemetry service graph"
    example = "curl 'http://jaeger:16686/api/dependencies?endTs=…&lookback=86400000'"

    def read(self, content: str) -> Iterator[CatalogueEntry | Skipped]:
        data = json_of(content)
        edges = data.get("data", data.get("edges")) if isinstance(data, dict) else data
        if not isinstance(edges, list):
            raise BadFile("There is neither a list of edges nor one in “data”.")
        called: dict[str, set[str]] = {}
        for number, edge in enumerate(edges, 1):
            # Prometheus' metrics of a service graph call the two ends client and server.
            parent = text(edge, "parent", 100) or text(edge, "client", 100)
            child = text(edge, "child", 100) or text(edge, "server", 100)
            if not parent or not child:
                yield Skipped(f"edge {number}", "It lacks “parent” or “child”.")
            elif parent != child:
                called.setdefault(parent, set()).add(child)
                called.setdefault(child, set())
        for name, children in called.items():
            yield CatalogueEntry("edges", name, depends_on=tuple(sorted(children)))

"""Sloth: prometheus/v1 files and PrometheusServiceLevel objects of Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from common.payloads import text
from practice.slo_files.base import ImportedObjective, Skipped, SloReader, percent

_WINDOW = re.compile(r"\{\{\s*\.window\s*\}\}")


class Sloth(SloReader):
    kind = "sloth"
    title = "Sloth"

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        spec: dict[str, Any] = document
        if document.get("kind") == "PrometheusServiceLevel":
            spec = _object(document, "spec")
        elif not str(document.get("version", "")).startswith("prometheus/"):
            declared = document.get("version") or document.get("kind") or "nothing"
            yield Skipped(place, f"It says {str(declared)[:60]}, not version: prometheus/v1.")
            return
        service, slos = text(spec, "service", 100), spec.get("slos")
        if not service:
            yield Skipped(place, "“service” is missing.")
            return
        for number, slo in enumerate(slos if isinstance(slos, list) else [], 1):
            position = f"{place}, objective {number}"
            yield (
                self._objective(position, service, slo)
                if isinstance(slo, dict)
                else Skipped(position, "It is not an object.")
            )
        if not isinstance(slos, list) or not slos:
            yield Skipped(place, "“slos” lists none.")

    def _objective(
        self, place: str, service: str, slo: dict[str, Any]
    ) -> ImportedObjective | Skipped:
        target, name = percent(slo.get("objective")), text(slo, "name", 100)
        if not name:
            return Skipped(place, "“name” is missing.")
        if target is None:
            return Skipped(place, f"{name}: “objective” is not between 0 and 100.")
        sli = _object(slo, "sli")
        events = _object(sli, "events")
        bad = _query(events, "error_query", "errorQuery")
        total = _query(events, "total_query", "totalQuery")
        if not bad or not total:
            what = "“raw” gives a ratio without its events" if "raw" in sli else "queries missing"
            if "plugin" in sli:
                what = "a plug-in of Sloth makes its queries"
            return Skipped(place, f"{name}: {what}; give error_query and total_query.")
        description = text(slo, "description", 1000)
        return ImportedObjective(
            place, service, name, target, "bad", bad, total, description=description
        )


def _object(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _query(events: dict[str, Any], *names: str) -> str:
    query = next((str(events[name]) for name in names if events.get(name)), "")
    return _WINDOW.sub("$window", query).strip()

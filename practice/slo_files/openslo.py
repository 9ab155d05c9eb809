"""OpenSLO v1: SLO objects with their SLI inside or beside them, from Prometheus queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from common.payloads import dig, text
from practice.slo_files.base import (
    ImportedObjective,
    Skipped,
    SloReader,
    documents,
    percent,
    window,
)

_RANGE = re.compile(r"\[[^\[\]]*\]")
_SELECTOR = re.compile(r"^[A-Za-z_:][\w:]*(\{[^{}]*\})?$")


class OpenSlo(SloReader):
    kind = "openslo"
    title = "OpenSLO"

    def read(self, content: str) -> Iterator[ImportedObjective | Skipped]:
        parsed = list(documents(content))
        # An indicator may come before or after the objective that refers to it.
        self._indicators = {
            text(document, "metadata.name"): dig(document, "spec", {})
            for _, document in parsed
            if isinstance(document, dict) and document.get("kind") == "SLI"
        }
        for place, document in parsed:
            if not isinstance(document, dict):
                yield Skipped(place, "It is not an object.")
            elif document.get("kind") != "SLO":
                if document.get("kind") != "SLI":
                    kind = str(document.get("kind") or "No kind")[:60]
                    yield Skipped(place, f"{kind}: only SLO and SLI objects are read.")
            else:
                yield from self.read_document(place, document)

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        name, service = text(document, "metadata.name", 90), text(document, "spec.service", 100)
        if not name or not service:
            yield Skipped(place, "“metadata.name” or “spec.service” is missing.")
            return
        indicator = dig(document, "spec.indicator.spec") or self._indicators.get(
            text(document, "spec.indicatorRef")
        )
        if not isinstance(indicator, dict):
            reference = text(document, "spec.indicatorRef") or "none"
            yield Skipped(place, f"{name}: its indicator “{reference}” is not in this file.")
            return
        queries = _queries(indicator)
        if isinstance(queries, str):
            yield Skipped(place, f"{name}: {queries}")
            return
        lengths = dig(document, "spec.timeWindow", [])
        first = lengths[0] if isinstance(lengths, list) and lengths else {}
        length = window(dig(first, "duration", "28d"), bool(dig(first, "isRolling", True)))
        if not length:
            yield Skipped(
                place, f"{name}: a window of “{dig(first, 'duration')}” is not supported."
            )
            return
        objectives = dig(document, "spec.objectives", [])
        for number, each in enumerate(objectives if isinstance(objectives, list) else [], 1):
            target = percent(dig(each, "targetPercent"))
            target = target or percent(dig(each, "target"), of_one=True)
            if target is None:
                yield Skipped(f"{place}, objective {number}", f"{name}: no target.")
                continue
            title = name if number == 1 else f"{name}-{number}"
            description = text(document, "spec.description", 1000)
            yield ImportedObjective(place, service, title, target, *queries, length, description)


def _queries(indicator: dict[str, Any]) -> tuple[str, str, str] | str:
    """What is counted and the two queries; or why there are none, in words."""
    ratio = indicator.get("ratioMetric")
    if not isinstance(ratio, dict):
        return "only ratio metrics are read; a threshold counts no events."
    total = text(ratio, "total.metricSource.spec.query", 2000)
    for counts in ("bad", "good"):
        part = text(ratio, f"{counts}.metricSource.spec.query", 2000)
        if part and total:
            return counts, _over_window(part), _over_window(total)
    return "queries of “total” and of “good” or “bad” are missing."


def _over_window(query: str) -> str:
    if _SELECTOR.match(query.strip()):
        return f"sum(rate({query.strip()}[$window]))"
    return _RANGE.sub("[$window]", query)

"""Pyrra: ServiceLevelObjective objects with ratio or latency indicators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.payloads import dig, text
from practice.slo_files.base import ImportedObjective, Skipped, SloReader, percent, window


class Pyrra(SloReader):
    kind = "pyrra"
    title = "Pyrra"

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        declared = f"{document.get('apiVersion')} {document.get('kind')}"
        if document.get("kind") != "ServiceLevelObjective" or "pyrra" not in declared:
            yield Skipped(place, f"It is {declared[:80]}, not a ServiceLevelObjective of Pyrra.")
            return
        yield self._objective(place, document)

    def _objective(self, place: str, document: dict[str, Any]) -> ImportedObjective | Skipped:
        name = text(document, "metadata.name", 100)
        if not name:
            return Skipped(place, "“metadata.name” is missing.")
        target = percent(dig(document, "spec.target"))
        length = window(dig(document, "spec.window", "4w"))
        if target is None:
            return Skipped(place, f"{name}: “spec.target” is not between 0 and 100.")
        if not length:
            return Skipped(place, f"{name}: windows of 7, 28, 30 or 90 days are supported.")
        labels = dig(document, "metadata.labels", {})
        service = next(
            (
                str(value)[:100]
                for key, value in (labels.items() if isinstance(labels, dict) else ())
                if str(key).rpartition("/")[2] in ("service", "name", "app")
            ),
            name,
        )
        indicator = dig(document, "spec.indicator", {})
        for kind, part, counts in (("ratio", "errors", "bad"), ("latency", "success", "good")):
            part_metric = text(indicator, f"{kind}.{part}.metric", 2000)
            total = text(indicator, f"{kind}.total.metric", 2000)
            if part_metric and total:
                description = text(document, "spec.description", 1000)
                return ImportedObjective(
                    place,
                    service,
                    name,
                    target,
                    counts,
                    _rate(part_metric),
                    _rate(total),
                    length,
                    description,
                )
        kinds = ", ".join(map(str, indicator)) if isinstance(indicator, dict) else ""
        return Skipped(
            place, f"{name}: ratio and latency indicators are read, not “{kinds[:60] or 'none'}”."
        )


def _rate(selector: str) -> str:
    return f"sum(rate({selector}[$window]))"

"""Sloth: prometheus/v1 files and PrometheusServiceLevel objects of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.payloads import dig, text
from practice.slo_files.base import (
    ALERTS_OFF,
    ImportedObjective,
    Refused,
    Skipped,
    SloReader,
    mapping,
    percent,
    what_it_is,
)
from practice.slo_files.queries import of_template, query_text

KINDS = ("PrometheusServiceLevel", "ManagedPrometheusServiceLevel")
METRICSQL = (
    "Its plug-ins say that its queries are MetricsQL: counting needs VictoriaMetrics as its source."
)


class Sloth(SloReader):
    kind = "sloth"
    title = "Sloth"

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        spec = document
        if document.get("kind") in KINDS:
            spec = mapping(document.get("spec"))
        elif document.get("version") != "prometheus/v1":
            raise Refused(what_it_is(document, self.title, "“version: prometheus/v1”"))
        service, slos = text(spec, "service", 100), spec.get("slos")
        if not service:
            raise Refused("“service” is missing.")
        if not isinstance(slos, list) or not slos:
            raise Refused(f"{service}: “slos” lists none.")
        needs_victoria = _needs_victoria(spec)
        for number, slo in enumerate(slos, 1):
            position = f"{place}, objective {number}"
            try:
                yield self._objective(position, service, mapping(slo), needs_victoria)
            except Refused as error:
                yield Skipped(position, str(error))

    def _objective(
        self, place: str, service: str, slo: dict[str, Any], needs_victoria: bool
    ) -> ImportedObjective:
        name = text(slo, "name", 100)
        if not name:
            raise Refused("“name” is missing." if slo else "It is not an object.")
        target = percent(slo.get("objective"))
        if target is None:
            given = text(slo, "objective", 30) or "missing"
            raise Refused(f"{name}: “objective” is {given}, not between 0 and 100.")
        try:
            part, total = _queries(mapping(slo.get("sli")))
        except Refused as error:
            raise Refused(f"{name}: {error}") from error
        return ImportedObjective(
            place,
            service,
            name,
            target,
            "bad",
            part,
            total,
            description=text(slo, "description", 1000),
            remarks=tuple(
                remark
                for remark, holds in (
                    (METRICSQL, needs_victoria or _needs_victoria(slo)),
                    (ALERTS_OFF, _alerts_off(slo)),
                )
                if holds
            ),
        )


def _queries(sli: dict[str, Any]) -> tuple[str, str]:
    """Of bad events and of all. Raises Refused."""
    if "plugin" in sli:
        used = text(sli, "plugin.id", 100) or text(sli, "plugin.name", 100) or "without a name"
        raise Refused(
            f"its queries are in Sloth's plug-in “{used}”: write those that “sloth generate” makes "
            "of it as “sli.events”."
        )
    raw = query_text(sli, "raw.error_ratio_query") or query_text(sli, "raw.errorRatioQuery")
    if raw:
        # As Sloth does: the ratio of every five minutes counts the same.
        ratio = of_template(raw, "error_ratio_query")
        return ratio, f"0 * (({ratio}) >= -Inf) + 1"
    found = []
    for snake, camel in (("error_query", "errorQuery"), ("total_query", "totalQuery")):
        query = query_text(sli, f"events.{snake}") or query_text(sli, f"events.{camel}")
        if not query:
            holder = "events" if "events" in sli else "raw" if "raw" in sli else ""
            missing = {"": "“sli” has neither events, raw nor plugin",
                       "raw": "“sli.raw.error_ratio_query” is missing"}  # fmt: skip
            raise Refused(f"{missing.get(holder, f'“sli.events.{snake}” is missing')}.")
        found.append(of_template(query, snake))
    return found[0], found[1]


def _needs_victoria(holder: dict[str, Any]) -> bool:
    chains = (dig(holder, f"{name}.chain") for name in ("slo_plugins", "sloPlugins", "plugins"))
    return any(
        "victoria_metrics" in text(plugin, "id")
        for chain in chains
        for plugin in (chain if isinstance(chain, list) else [])
    )


def _alerts_off(slo: dict[str, Any]) -> bool:
    return all(
        dig(slo, f"alerting.{snake}.disable") is True
        or dig(slo, f"alerting.{camel}.disable") is True
        for snake, camel in (("page_alert", "pageAlert"), ("ticket_alert", "ticketAlert"))
    )

"""Pyrra: ServiceLevelObjective objects with any of its four indicators."""

from __future__ import annotations

import re
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
from practice.slo_files.queries import LONGEST, Indicator, query_text, rate
from practice.slo_files.windows import rolling, seconds

_MATCHER = re.compile(r'\b(service|app|deployment|container|job)\s*=\s*"([^"\\]{1,100})"')
_ONE_VALUE = re.compile(r'(?<![\w!])([A-Za-z_]\w{0,100})\s{0,10}=\s{0,10}"', re.ASCII)
_INDICATORS = ("ratio", "latency", "latencyNative", "bool_gauge")


class Pyrra(SloReader):
    kind = "pyrra"
    title = "Pyrra"

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        version = text(document, "apiVersion")
        if document.get("kind") != "ServiceLevelObjective" or not version.startswith("pyrra.dev/"):
            raise Refused(what_it_is(document, self.title, "kind ServiceLevelObjective"))
        name, spec = text(document, "metadata.name", 100), mapping(document.get("spec"))
        if not name:
            raise Refused("“metadata.name” is missing.")
        try:
            yield self._objective(place, name, spec, mapping(dig(document, "metadata.labels")))
        except Refused as error:
            raise Refused(f"{name}: {error}") from error

    def _objective(
        self, place: str, name: str, spec: dict[str, Any], labels: dict[str, Any]
    ) -> ImportedObjective:
        target = percent(spec.get("target"))
        if target is None:
            given = text(spec, "target", 30) or "missing"
            raise Refused(f"“spec.target” is {given}, not between 0 and 100.")
        window = rolling(spec.get("window"), "spec.window")
        indicators = mapping(spec.get("indicator"))
        kind = next((each for each in _INDICATORS if mapping(indicators.get(each))), "")
        if not kind:
            found = ", ".join(map(str, indicators))[:60] or "none"
            raise Refused(f"“spec.indicator” is {found}; read are {', '.join(_INDICATORS)}.")
        indicator = _indicator(kind, mapping(indicators.get(kind)))
        return ImportedObjective(
            place,
            _named_service(labels),
            name,
            target,
            indicator.counts,
            indicator.part,
            indicator.total,
            window,
            text(spec, "description", 1000),
            _likely_services(name, indicator.total),
            tuple(_remarks(spec, mapping(indicators.get(kind)))),
        )


def _indicator(kind: str, data: dict[str, Any]) -> Indicator:
    if kind == "bool_gauge":
        gauge = _metric(data, kind, "metric")
        return Indicator("good", rate(gauge, "sum_over_time"), rate(gauge, "count_over_time"))
    total = rate(_metric(data, kind, "total.metric"))
    if kind == "latencyNative":
        limit = seconds(data.get("latency"))
        if limit is None:
            given = text(data, "latency", 30) or "missing"
            raise Refused(f"“{kind}.latency” is {given}, no duration such as 200ms.")
        count = f"histogram_count({total})"
        return Indicator("good", f"histogram_fraction(0, {limit:.12g}, {total}) * {count}", count)
    counts, part = ("bad", "errors") if kind == "ratio" else ("good", "success")
    return Indicator(counts, rate(_metric(data, kind, f"{part}.metric")), total)


def _metric(data: dict[str, Any], kind: str, path: str) -> str:
    metric = query_text(data, path, f"{kind}.{path}")
    if not metric:
        raise Refused(f"“spec.indicator.{kind}.{path}” is missing.")
    return metric


def _remarks(spec: dict[str, Any], indicator: dict[str, Any]) -> Iterator[str]:
    grouping = indicator.get("grouping")
    total = text(indicator, "total.metric", LONGEST) or text(indicator, "metric", LONGEST)
    # A label that its query holds to one value makes one group.
    fixed = set(_ONE_VALUE.findall(total))
    named = [text(each, limit=60) for each in grouping] if isinstance(grouping, list) else []
    if split := [each for each in named if each not in fixed]:
        names = ", ".join(split[:10])
        yield f"Its grouping by {names} was not read: it is one objective of all groups together."
    if dig(spec, "alerting.disabled") is True or dig(spec, "alerting.burnrates") is False:
        yield ALERTS_OFF


def _named_service(labels: dict[str, Any]) -> str:
    for name in ("service", "name", "app"):
        for key, value in labels.items():
            if str(key).rpartition("/")[2] == name and text(value, limit=100):
                return text(value, limit=100)
    return ""


def _likely_services(name: str, query: str) -> tuple[str, ...]:
    """Pyrra has no field for it: matchers of its query, then what its name starts with."""
    matched = dict(reversed(_MATCHER.findall(query)))
    words = name.split("-")
    starts = ["-".join(words[:end]) for end in range(len(words), 0, -1)]
    certain = [matched[key] for key in ("service", "app") if key in matched]
    others = [matched[key] for key in ("deployment", "container", "job") if key in matched]
    return tuple(dict.fromkeys([*certain, *starts, *others]))

"""OpenSLO v1alpha, v1 and v2alpha, and Nobl9's own form of it, with queries of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from common.payloads import dig, text
from common.promql import curves_of
from practice.slo_files.base import (
    ImportedObjective,
    Refused,
    Skipped,
    SloReader,
    documents,
    mapping,
    percent,
    what_it_is,
)
from practice.slo_files.queries import (
    Indicator,
    of_ratio,
    of_threshold,
    over_window,
    query_text,
)
from practice.slo_files.windows import of_openslo, seconds

VERSIONS = (
    "openslo/v1alpha", "openslo/v1beta1", "openslo/v1", "openslo.com/v1", "openslo.com/v2alpha",
    "openslo.com/v2alpha1", "n9/v1alpha",
)  # fmt: skip
OLD = ("openslo/v1alpha", "openslo/v1beta1")
_PROMETHEUS = re.compile(r"prom|thanos|mimir|cortex|victoria", re.IGNORECASE)
_OTHER_LANGUAGE = re.compile(r"\s*(?:select|with|fetch|from|search)\b|\s*\w+:\w+\.", re.IGNORECASE)
_COMPARISONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_METRIC_FIELDS = {
    "metricSource", "metricSourceRef", "dataSourceRef", "dataSourceSpec", "type", "source", "spec",
    "query", "queryType", "promql",
}  # fmt: skip
_LONGEST_SLICE = 86_400


class OpenSlo(SloReader):
    kind = "openslo"
    title = "OpenSLO"

    def read(self, content: str) -> Iterator[ImportedObjective | Skipped]:
        parsed = documents(content)
        # An indicator or a source may come before or after the objective that refers to it.
        self._indicators = _by_name(parsed, "SLI")
        self._sources = _by_name(parsed, "DataSource")
        used = {name for _, document in parsed for name in _references(document)}
        for place, document in parsed:
            if not isinstance(document, dict) or document.get("kind") != "SLI":
                yield from self.read_or_skip(place, document)
            elif (name := text(document, "metadata.name")) not in used:
                yield Skipped(place, f"It is SLI {name}: no SLO in this file refers to it.")

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        version, kind = text(document, "apiVersion", 60), document.get("kind")
        if kind != "SLO":
            raise Refused(what_it_is(document, self.title, "kind SLO"))
        name, spec = text(document, "metadata.name", 90), mapping(document.get("spec"))
        if not name:
            raise Refused("“metadata.name” is missing.")
        if version not in VERSIONS:
            known = ", ".join(VERSIONS)
            raise Refused(f"{name}: its “apiVersion” is {version or 'missing'}; read are {known}.")
        service = text(spec, "service", 100) or text(spec, "serviceRef", 100)
        objectives = spec.get("objectives")
        if not service:
            raise Refused(f"{name}: “spec.service” is missing.")
        if not isinstance(objectives, list) or not objectives:
            raise Refused(f"{name}: “spec.objectives” lists none.")
        try:
            window, remarks = of_openslo(spec)
        except Refused as error:
            raise Refused(f"{name}: {error}") from error
        remarks += _what_is_not_read(version, spec, objectives)
        for number, objective in enumerate(objectives, 1):
            try:
                indicator = self._indicator(spec, mapping(objective))
                target = _target(mapping(objective))
            except Refused as error:
                which = f", objective {number}" if len(objectives) > 1 else ""
                yield Skipped(f"{place}{which}", f"{name}: {error}")
                continue
            yield ImportedObjective(
                place,
                service,
                name if number == 1 else f"{name}-{number}",
                target,
                indicator.counts,
                indicator.part,
                indicator.total,
                window,
                text(spec, "description", 1000),
                remarks=tuple(remarks),
            )

    def _indicator(self, spec: dict[str, Any], objective: dict[str, Any]) -> Indicator:
        """What an objective counts, in slices of time where the file says so. Raises Refused."""
        indicator = self._events(spec, objective)
        method = text(spec, "budgetingMethod", 40) or "Occurrences"
        if method == "Occurrences":
            return indicator
        if method not in ("Timeslices", "RatioTimeslices"):
            raise Refused(f"“budgetingMethod” {method} is not known.")
        written = text(objective, "timeSliceWindow", 30)
        # A number alone is in minutes.
        length = seconds(f"{written}m" if written.isdigit() else written or "1m")
        if length is None or not 1 <= length <= _LONGEST_SLICE:
            raise Refused(f"“timeSliceWindow” is {written}, not between 1s and 1d.")
        if method == "RatioTimeslices":
            return indicator.averaged_over_slices(length)
        share = percent(objective.get("timeSliceTarget"), of_one=True)
        if objective.get("timeSliceTarget") in (1, 1.0):
            share = 100.0
        if share is None:
            given = text(objective, "timeSliceTarget", 30) or "missing"
            raise Refused(f"“timeSliceTarget” is {given}, not between 0 and 1.")
        return indicator.in_slices(length, share / 100)

    def _events(self, spec: dict[str, Any], objective: dict[str, Any]) -> Indicator:
        sli = self._sli(objective) or self._sli(spec) or {}
        ratio = (
            mapping(objective.get("ratioMetrics"))
            or mapping(objective.get("countMetrics"))
            or mapping(sli.get("ratioMetric"))
        )
        if ratio:
            return self._of_ratio(ratio)
        threshold = mapping(sli.get("thresholdMetric"))
        threshold = threshold or mapping(dig(objective, "rawMetric.query"))
        if not threshold:
            raise Refused("it has neither ratio metrics nor a threshold metric to count.")
        query = self._query(threshold, "thresholdMetric")
        operator = text(objective, "op", 10)
        value = objective.get("value")
        if operator not in _COMPARISONS:
            given = operator or "missing"
            raise Refused(f"“op” is {given}: a threshold metric needs lt, lte, gt or gte.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused("“value” is no number: a threshold metric needs the one to compare with.")
        return of_threshold(query, _COMPARISONS[operator], float(value))

    def _of_ratio(self, ratio: dict[str, Any]) -> Indicator:
        if raw := mapping(ratio.get("raw")):
            counts = {"success": "good", "failure": "bad"}.get(text(ratio, "rawType", 20))
            if counts is None:
                raise Refused("“ratioMetric.rawType” is neither success nor failure.")
            return of_ratio(self._query(raw, "raw"), counts)
        flag = next(
            (f for name in ("counter", "incremental") if (f := ratio.get(name)) is not None), True
        )
        counts = next((each for each in ("bad", "good") if mapping(ratio.get(each))), "")
        if not counts:
            found = ", ".join(map(str, ratio))[:80]
            raise Refused(f"its ratio has neither a query of “good” nor of “bad”, but {found}.")
        part, total = (
            over_window(self._query(mapping(ratio.get(name)), name), name, flag is not False)
            for name in (counts, "total")
        )
        return Indicator(counts, part, total)

    def _sli(self, holder: dict[str, Any]) -> dict[str, Any] | None:
        for name in ("indicator", "sli"):
            inline = mapping(holder.get(name))
            if found := mapping(inline.get("spec")) or inline:
                return found
        reference = _reference(holder)
        if not reference:
            return None
        if reference not in self._indicators:
            raise Refused(f"its indicator “{reference}” is not in this file.")
        return self._indicators[reference]

    def _query(self, metric: dict[str, Any], field: str) -> str:
        """The PromQL of a metric. Raises Refused."""
        if not metric:
            raise Refused(f"the query of “{field}” is missing.")
        if not _METRIC_FIELDS & metric.keys():
            # Nobl9 names the source where others have a query.
            queries = [query_text(each, "promql", field) for each in metric.values()]
            if query := next(filter(None, queries), ""):
                return query
            raise Refused(
                f"“{field}” is a query of {str(next(iter(metric)))[:40]}, not of Prometheus."
            )
        source = mapping(metric.get("metricSource")) or metric
        named = text(source, "metricSourceRef") or text(source, "dataSourceRef")
        kind = (
            text(source, "type", 60)
            or text(source, "source", 60)
            or text(source, "dataSourceSpec.type", 60)
            or text(self._sources.get(named), "type", 60)
        )
        if kind and not _PROMETHEUS.search(kind):
            raise Refused(f"“{field}” is a query of {kind}, not of Prometheus.")
        fields = ("spec.query", "spec.promql", "spec.expr", "query", "promql")
        query = next((found for each in fields if (found := query_text(source, each, field))), "")
        if not query:
            raise Refused(f"the query of “{field}” is missing.")
        if not kind and not _PROMETHEUS.search(named) and not _is_promql(query):
            raise Refused(f"“{field}” names no type of its source, and its query is not PromQL.")
        return query


def _reference(holder: dict[str, Any]) -> str:
    return text(holder, "indicatorRef") or text(holder, "sliRef")


def _references(document: Any) -> Iterator[str]:
    """Names of the indicators that a document refers to."""
    if isinstance(document, dict) and document.get("kind") == "SLO":
        spec = mapping(document.get("spec"))
        objectives = spec.get("objectives")
        for holder in (spec, *(objectives if isinstance(objectives, list) else ())):
            yield _reference(mapping(holder))


def _by_name(parsed: list[tuple[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {
        text(document, "metadata.name"): mapping(document.get("spec"))
        for _, document in parsed
        if isinstance(document, dict) and document.get("kind") == kind
    }


def _is_promql(query: str) -> bool:
    return not _OTHER_LANGUAGE.match(query) and bool(curves_of(query))


def _target(objective: dict[str, Any]) -> float:
    target = percent(objective.get("targetPercent"))
    if target is None:
        target = percent(objective.get("target"), of_one=True)
    if target is None:
        given = text(objective, "target", 30) or text(objective, "targetPercent", 30)
        if not given:
            raise Refused("no target: give “target”, as in 0.995.")
        raise Refused(
            f"its target is {given}: “target” is between 0 and 1, “targetPercent” to 100."
        )
    return target


def _what_is_not_read(version: str, spec: dict[str, Any], objectives: list[Any]) -> list[str]:
    remarks = []
    if version in OLD:
        remarks.append(
            f"It is {version}, an old version of OpenSLO: its metrics, targets and window were "
            "read, alert policies and labels were not."
        )
    elif spec.get("alertPolicies"):
        remarks.append("Its alert policies were not read.")
    composite = any(
        mapping(each).get(name) for each in objectives
        for name in ("indicator", "indicatorRef", "sli", "sliRef", "composite")
    )  # fmt: skip
    if composite:
        remarks.append("It is composite: each of its objectives is counted by itself, unweighted.")
    return remarks

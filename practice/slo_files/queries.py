"""PromQL of indicators as tools write them, as queries that count over `$window`.

What is counted need not be events per second: bad over all must be right, so that slices of time
and points of a gauge are counted by the same two queries as requests are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from common.payloads import dig
from practice.slo_files.base import Refused

LONGEST = 5_000
"""Characters of a query."""
BUCKET = 300
"""Seconds that are counted at once: `$window`."""
POINTS = "1m"
"""How far apart points of a gauge are counted."""
ONCE = "offset 1s"
"""Up to Prometheus 2 a subquery holds both its ends: the point between two buckets would count
in both. Points are at multiples of their distance, so that a second leaves one of them out."""

_STRING = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)"""
_SELECTOR = (
    rf"""[A-Za-z_:][\w:]*(?:\s*\{{(?:[^{{}}"'`]|{_STRING})*\}})?|\{{(?:[^{{}}"'`]|{_STRING})*\}}"""
)
_BARE = re.compile(rf"({_SELECTOR})\s*((?:offset\s|@)[^()\[\]{{}}]*)?", re.ASCII)
_SUMMED = re.compile(
    rf"sum\s*(?:(?:by|without)\s*\([^()]*\)\s*)?\(\s*({_SELECTOR})\s*\)\s*"
    r"(?:(?:by|without)\s*\([^()]*\))?",
    re.ASCII,
)
_TO_ITS_END = r"""(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|`[^`]*(?:`|\Z))"""
"""A string without an end goes on to the end of the text, so that it is read once."""
_STRING_OR_RANGE = re.compile(rf"{_TO_ITS_END}|\[[^\[\]\"'`]*\]", re.DOTALL)
_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:\.\s*)?window\s*-?\}\}|\$\{?window\b\}?|\$\{?__(?:range|rate_interval|interval)\b\}?"
)
_OTHER_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")


@dataclass(frozen=True)
class Indicator:
    """What is counted ("bad" or "good"), and the queries of that and of all."""

    counts: str
    part: str
    total: str

    def in_slices(self, seconds: float, at_least: float) -> Indicator:
        """Counts slices of time: one is bad when less than a share `at_least` in it is good.

        A slice without any events is good.
        """
        ratio, total = self._ratio(seconds)
        limit = f"{at_least:.10g}" if self.counts == "good" else f"{1 - at_least:.10g}"
        is_bad = f"{ratio} {'<' if self.counts == 'good' else '>'} bool {limit}"
        return Indicator("bad", _summed_up(is_bad, seconds), _counted(total, seconds))

    def averaged_over_slices(self, seconds: float) -> Indicator:
        """Every slice of time counts the same, whatever its traffic; one without any is good."""
        part, total = self._over(seconds)
        bad = f"{part} / ({total} > 0)"
        if self.counts == "good":
            bad = f"1 - {bad}"
        return Indicator(
            "bad", _summed_up(f"({bad}) or 0 * {total}", seconds), _counted(total, seconds)
        )

    def _over(self, seconds: float) -> tuple[str, str]:
        part, total = (
            f"sum({query.replace('$window', f'{seconds:.0f}s')})"
            for query in (self.part, self.total)
        )
        return f"({part} or 0 * {total})", total

    def _ratio(self, seconds: float) -> tuple[str, str]:
        part, total = self._over(seconds)
        return f"{part} / {total}", total


def _summed_up(expression: str, seconds: float) -> str:
    return f"sum_over_time(({_at_ends_of(expression, seconds)})[$window:{_step(seconds)}] {ONCE})"


def _counted(expression: str, seconds: float) -> str:
    return f"count_over_time(({_at_ends_of(expression, seconds)})[$window:{_step(seconds)}] {ONCE})"


def _step(seconds: float) -> str:
    return f"{min(seconds, BUCKET):.0f}s"


def _at_ends_of(expression: str, seconds: float) -> str:
    """A slice longer than a bucket is what it was when it last ended, in every bucket."""
    if seconds <= BUCKET:
        return expression
    return f"last_over_time(({expression})[{seconds:.0f}s:{seconds:.0f}s])"


def query_text(data: Any, path: str, field: str = "") -> str:
    """The query at a dotted path; empty where there is none. Raises Refused when it is too long."""
    value = dig(data, path) if path else data
    query = value.strip() if isinstance(value, str) else ""
    if len(query) > LONGEST:
        raise Refused(f"“{field or path}” is longer than {LONGEST:,} characters.")
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in query)


def of_template(query: str, field: str) -> str:
    """A query of Sloth, where `{{.window}}` is the range. Raises Refused."""
    counted = _TEMPLATE.sub("$window", query)
    if other := _OTHER_TEMPLATE.search(counted):
        raise Refused(f"“{field}” has the template {other[0][:60]}; only {{{{.window}}}} is known.")
    if "$window" not in counted:
        raise Refused(f"“{field}” has no {{{{.window}}}} as its range.")
    return counted


def rate(selector: str, function: str = "rate") -> str:
    """Of all series of a selector. Raises Refused for any other expression."""
    match = _BARE.fullmatch(selector.strip())
    if match is None:
        raise Refused(f"“{selector.strip()[:80]}” is no selector of series.")
    after = f" {match[2].strip()}" if match[2] else ""
    return f"sum({function}({match[1]}[$window]{after}))"


def over_window(query: str, field: str, is_counter: bool = True) -> str:
    """A query with its range replaced by `$window`, or given one. Raises Refused."""
    if summed := _SUMMED.fullmatch(query):
        query = summed[1]
    if _BARE.fullmatch(query):
        return rate(query, "rate" if is_counter else "sum_over_time")
    templated = _TEMPLATE.search(query)
    ranges = [each[0] for each in _STRING_OR_RANGE.finditer(query) if each[0][0] == "["]
    if templated:
        counted = _TEMPLATE.sub("$window", query)
        if "[$window" in counted:
            return counted
    elif ranges:
        return _replace_ranges(query, only_subqueries=any(":" in each for each in ranges))
    elif not is_counter:
        return f"sum(sum_over_time(({query})[$window:{POINTS}] {ONCE}))"
    raise Refused(f"“{field}” has no range: write rate(…[5m]) around its counter.")


def _replace_ranges(query: str, only_subqueries: bool) -> str:
    """The range of a subquery is the outer one; what is inside stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] != "[":
            return found
        _, colon, step = found[1:-1].partition(":")
        if only_subqueries and not colon:
            return found
        return f"[$window{colon}{step}]"

    return _STRING_OR_RANGE.sub(replaced, query)


def of_ratio(query: str, counts: str) -> Indicator:
    """A query that gives a ratio itself: each point in time counts the same."""
    ratio = f"(({_TEMPLATE.sub('5m', query)}) >= -Inf)[$window:{POINTS}] {ONCE}"
    return Indicator(counts, f"sum(sum_over_time({ratio}))", f"sum(count_over_time({ratio}))")


def of_threshold(query: str, comparison: str, limit: float) -> Indicator:
    """Points of a gauge, good where the comparison holds; NaN is no point."""
    points = f"(({_TEMPLATE.sub('5m', query)}) >= -Inf)"
    good = f"({points} {comparison} bool {limit:.12g})[$window:{POINTS}] {ONCE}"
    total = f"{points}[$window:{POINTS}] {ONCE}"
    return Indicator("good", f"sum(sum_over_time({good}))", f"sum(count_over_time({total}))")

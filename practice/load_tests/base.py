"""The base of plug-ins that read load tests: a tool's report in, one summary out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from common.file_import import BadFile, json_of

__all__ = [
    "BadFile", "LoadTestReader", "LoadTestSummary", "checked", "json_report", "listed", "number",
    "percentile", "percentile_of_counts", "share_of_one", "table", "whole",
]  # fmt: skip

_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class LoadTestSummary:
    """Times in ms, `rate` per second, `errors` from 0 to 1; None for what is not reported."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    rate: float | None = None
    errors: float | None = None
    requests: int | None = None


class LoadTestReader:
    """A plug-in sets the attributes and writes `read`."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    example: ClassVar[str] = ""
    """The command that writes such a file."""

    def read(self, content: str) -> LoadTestSummary:
        """Raises BadFile when `content` is no report of this tool."""
        raise NotImplementedError


def checked(summary: LoadTestSummary, otherwise: str) -> LoadTestSummary:
    """A summary that says something. Raises BadFile, with the text `otherwise` where it is empty.

    Of no requests, tools write zeros for their times; they are no measurement.
    """
    if summary.requests == 0:
        raise BadFile("It counts no requests, so there is nothing to compare.")
    known = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in vars(summary).items()
    }
    summary = replace(summary, **known)
    if summary == LoadTestSummary(requests=summary.requests):
        raise BadFile(otherwise)
    return summary


def json_report(content: str, cure: str) -> Any:
    """Parsed JSON. Raises BadFile, with what to send instead."""
    try:
        return json_of(content)
    except BadFile as error:
        raise BadFile(f"{error}; {cure}.") from error


def number(value: Any) -> float | None:
    """A finite number of at least zero; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        parsed = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) and parsed >= 0 else None


def whole(count: float | None) -> int | None:
    """A count without its fraction; None for one that is not known, or no number of things."""
    return int(count) if count is not None and count < 2**53 else None


def share_of_one(part: float | None, whole: float | None) -> float | None:
    """What part it is, at most 1; None where either is not known, or nothing is a whole."""
    return min(1.0, part / whole) if part is not None and whole else None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of ascending values; None where there are none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def percentile_of_counts(counts: Iterable[tuple[float, float]], share: float) -> float | None:
    """The same of (value, how often) in ascending order."""
    pairs = list(counts)
    rank = share * sum(often for _, often in pairs)
    seen = 0.0
    for value, often in pairs:
        seen += often
        if seen >= rank and often:
            return value
    return None


def table(content: str) -> Iterator[list[str]]:
    """Rows of a table, the first one its head, whatever separates its columns. Raises BadFile."""
    content = content.lstrip("\ufeff\r\n\t ")
    head = content.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        yield from csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise BadFile(f"This is not CSV: {error}") from error


def listed(head: Iterable[str]) -> str:
    """The columns of a table, for a sentence about it."""
    names = [name.strip()[:40] for name in head if name.strip()]
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") if names else "none"

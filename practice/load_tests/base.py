"""The base of plug-ins that read load tests: a tool's report in, one summary out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from common.file_import import BadFile, json_of

__all__ = ["BadFile", "LoadTestReader", "LoadTestSummary", "json_of", "number", "percentile"]


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


def number(value: Any) -> float | None:
    """A finite number of at least zero; None for anything else."""
    try:
        parsed = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) and parsed >= 0 else None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of ascending values; None where there are none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]

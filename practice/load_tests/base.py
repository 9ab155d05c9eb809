"""The contract of readers of load tests: a summary's text in, one set of figures out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from common.file_import import BadFile, json_of

__all__ = ["BadFile", "Figures", "LoadTestReader", "json_of", "number", "percentile"]


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds, `rate` a second, `errors` from 0 to 1; None where nothing is told."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    rate: float | None = None
    errors: float | None = None
    requests: int | None = None


class LoadTestReader:
    """Base of the plug-ins. A new one sets the attributes and writes `read`."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    example: ClassVar[str] = ""
    """How to get such a file, in a line."""

    def read(self, content: str) -> Figures:
        """Raises BadFile when it is no such summary."""
        raise NotImplementedError


def number(value: Any) -> float | None:
    """A finite number of at least zero; None for anything else."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of ascending values; None where there are none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]

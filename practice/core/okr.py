"""Quarters of key results, and how far one has come. No Django in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

LONGEST_QUARTER = 7
"""Characters of 2026-Q4."""
_QUARTER = re.compile(r"(20\d\d|21\d\d)-Q([1-4])", re.ASCII)


@dataclass(frozen=True)
class Progress:
    """In percent of good events: in the quarter so far, in the quarter before, and the target.

    None where nothing was counted.
    """

    good: float | None
    before: float | None
    target: float

    @property
    def met(self) -> bool:
        return self.good is not None and self.good >= self.target

    @property
    def share(self) -> float | None:
        """Of the way from the quarter before to the target, from 0 to 1."""
        if self.met:
            return 1.0
        if self.good is None or self.before is None:
            return None
        if self.before >= self.target:
            return 0.0
        return min(1.0, max(0.0, (self.good - self.before) / (self.target - self.before)))

    @property
    def in_words(self) -> str:
        if self.good is None:
            return "nothing counted yet"
        if self.met:
            return f"{self.good:.3f} % so far: met"
        if self.share is None:
            return f"{self.good:.3f} % so far: not met yet"
        return f"{self.good:.3f} % so far, {self.before:.3f} % before: {self.share:.0%} of the way"


def is_quarter(text: str) -> bool:
    return _QUARTER.fullmatch(text) is not None


def quarter_bounds(text: str) -> tuple[datetime, datetime]:
    """When a quarter such as 2026-Q4 begins and ends, in UTC. Raises ValueError."""
    match = _QUARTER.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text[:20]}” is not a quarter such as 2026-Q4.")
    year, number = int(match[1]), int(match[2])
    after = year * 4 + number
    return (
        datetime(year, 3 * number - 2, 1, tzinfo=UTC),
        datetime(after // 4, after % 4 * 3 + 1, 1, tzinfo=UTC),
    )


def quarter_of(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at.year}-Q{(at.month + 2) // 3}"


def quarter_before(text: str) -> str:
    """Raises ValueError."""
    start, _ = quarter_bounds(text)
    year, number = divmod(start.year * 4 + (start.month - 1) // 3 - 1, 4)
    return f"{year}-Q{number + 1}"

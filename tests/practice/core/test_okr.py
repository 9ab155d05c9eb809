"""Quarters and the progress of key results."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from practice.core.okr import Progress, quarter_before, quarter_bounds, quarter_of


def test_quarters_begin_and_end_by_the_calendar() -> None:
    assert quarter_bounds("2026-Q4") == (
        datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert quarter_before("2026-Q1") == "2025-Q4"
    assert quarter_before("2026-Q4") == "2026-Q3"
    assert quarter_of(datetime(2026, 3, 31, 23, tzinfo=UTC)) == "2026-Q1"
    with pytest.raises(ValueError, match="not a quarter"):
        quarter_bounds("2026-Q5")


@pytest.mark.parametrize(
    ("good", "before", "share", "met"),
    [
        (99.95, 99.9, 0.5, False),
        (99.8, 99.9, 0.0, False),
        (100.0, 99.9, 1.0, True),
        (100.0, None, 1.0, True),
        (99.95, None, None, False),
        (99.95, 100.0, 0.0, False),
        (None, 99.9, None, False),
    ],
)
def test_progress_is_the_share_of_the_way_from_the_quarter_before(
    good: float | None, before: float | None, share: float | None, met: bool
) -> None:
    progress = Progress(good, before, 100.0)
    assert progress.met is met
    assert progress.share == (pytest.approx(share) if share is not None else None)
    assert progress.in_words

"""The row of columns in lists."""

from __future__ import annotations

import re

from common.sparkline import sparkline


def columns(drawn: str, of_class: str = "") -> list[tuple[int, float]]:
    """Where each column of a path stands, and its height."""
    (path,) = re.findall(rf'<path d="([^"]*)"{of_class}/>', drawn)
    return [(int(x), float(h)) for x, h in re.findall(r"M(\d+) 20v-([\d.]+)h3v\2z", path)]


def test_columns_are_as_high_as_their_share_and_those_without_a_value_are_a_line() -> None:
    drawn = sparkline([4, 0, 1, 0.001], "4, 0, 1 a week")
    assert columns(drawn, ' class="some"') == [(0, 20.0), (8, 5.0), (12, 1.0)]
    assert columns(drawn) == [(4, 1.0)]
    assert 'aria-label="4, 0, 1 a week"' in drawn


def test_where_nothing_was_there_is_nothing() -> None:
    assert sparkline([0, 0], "none") == "" == sparkline([], "none")

"""Lines of two incidents side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.core.log_comparison import PlacedLine, compare_logs


def lines(text: str, times: int, start: float = 0.0, where: str = "orders") -> list[PlacedLine]:
    return [
        PlacedLine(where, start + number, text.replace("#", str(number))) for number in range(times)
    ]


ORDINARY = lines("served request # in 12 ms", 600, -3600)


def test_lines_of_both_of_one_and_of_the_other_are_separated_whatever_their_values() -> None:
    then = [*ORDINARY, *lines("pool exhausted after # ms", 9), *lines("disk # full", 4)]
    now = [*ORDINARY, *lines("pool exhausted after 77# ms", 5), *lines("no route to # at all", 3)]
    found = compare_logs(then, now)
    [both] = [row for row in found.both if row.unusual]
    assert (both.then.since, both.now.since, both.now.kind) == (9, 5, "new")
    assert [row.template for row in found.only_then if row.unusual] == ["disk <*> full"]
    assert [row.template for row in found.only_now if row.unusual] == ["no route to <*> at all"]


def test_what_was_ordinary_both_times_is_not_unusual() -> None:
    whole = lines("served request # in 12 ms", 1200, -600)
    [row] = compare_logs(whole, whole).both
    assert not row.unusual
    assert (row.then.before, row.then.since) == (600, 600)


def test_where_it_was_written_is_said_of_both_times_where_that_differs() -> None:
    found = compare_logs(lines("disk # full", 3, where="a"), lines("disk # full", 3, where="b"))
    assert found.both[0].where == "b; then a"


placed = st.builds(
    PlacedLine, st.sampled_from(["a", "b"]), st.floats(-1e4, 1e4), st.text(max_size=30)
)


@given(st.lists(placed), st.lists(placed))
def test_every_line_since_the_fault_is_counted_exactly_once(
    then: list[PlacedLine], now: list[PlacedLine]
) -> None:
    found = compare_logs(then, now)
    rows = [*found.both, *found.only_then, *found.only_now]
    assert sum(row.then.since for row in rows) == sum(line.at >= 0 for line in then)
    assert sum(row.now.since for row in rows) == sum(line.at >= 0 for line in now)
    assert len({row.template for row in rows}) == len(rows)

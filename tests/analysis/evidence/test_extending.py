"""Frozen evidence is extended: nothing is lost, nothing is there twice."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence.extending import extended
from analysis.models import Evidence
from analysis.sources.base import MAX_LINES, MAX_POINTS, Line, Series, SourceAnswer, Window


def stored(items: list[Any], kind: str = "series") -> Evidence:
    evidence = Evidence(kind=kind)
    evidence.freeze([item.as_item() for item in items])
    return evidence


def window(start: float, end: float) -> Window:
    return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


def series(start: int, end: int, step: int = 15, **labels: str) -> Series:
    times = [float(at) for at in range(start, end, step)]
    return Series(labels, times, [at % 7 for at in times], [[at % 5 for at in times]])


@given(st.integers(1, 200), st.integers(0, 200), st.integers(1, 200), st.sampled_from([15, 60]))
def test_a_series_pulled_in_parts_is_the_series_pulled_at_once(
    first: int, back: int, more: int, step: int
) -> None:
    end = first * step
    start_again = max(0, end - back * step)
    final = end + more * step
    parts, _ = extended(
        stored([series(0, end, step)]),
        SourceAnswer([series(start_again, final, step)]),
        window(start_again, final),
    )
    assert parts == [series(0, final, step).as_item()]


lines = st.lists(st.tuples(st.integers(0, 50), st.sampled_from("ab")), max_size=30)


@given(lines, lines, st.integers(0, 50))
def test_of_lines_none_is_lost_and_none_is_doubled(
    old: list[tuple[int, str]], new: list[tuple[int, str]], start: int
) -> None:
    new = sorted((at, text) for at, text in new if at >= start)
    answer = SourceAnswer([Line(at, text) for at, text in new])
    old_rows = [Line(at, text) for at, text in sorted(old)]
    items, _ = extended(stored(old_rows, "lines"), answer, window(start, 50))
    found = [(item["at"], item["text"]) for item in items]
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    for line in {*old, *new}:
        assert found.count(line) == max(old.count(line), new.count(line))


def test_what_its_source_deleted_stays() -> None:
    event = Line(10.0, "Warning BackOff Pod a")
    items, gaps = extended(
        stored([event], "lines"), SourceAnswer([], gaps=["Nothing of a"]), window(0, 90)
    )
    assert items == [event.as_item()]
    assert gaps == []


def test_a_pod_that_came_later_is_a_series_of_its_own() -> None:
    items, _ = extended(
        stored([series(0, 150, pod="a")]), SourceAnswer([series(90, 300, pod="b")]), window(90, 300)
    )
    assert [item["labels"] for item in items] == [{"pod": "a"}, {"pod": "b"}]


def test_a_long_series_stays_evenly_spaced_and_bounded() -> None:
    whole = [series(0, 15 * 1400)]
    items = [item.as_item() for item in whole]
    for hour in range(1, 60):
        start = 15 * 1400 + (hour - 1) * 3600
        evidence = Evidence(kind="series")
        evidence.freeze(items)
        answer = SourceAnswer([series(start - 300, start + 3600)])
        items, _ = extended(evidence, answer, window(start - 300, start + 3600))
    times = items[0]["times"]
    assert len(times) == len(items[0]["values"]) == len(items[0]["earlier"][0])
    assert MAX_POINTS / 2 < len(times) <= MAX_POINTS
    old_part = {b - a for a, b in pairwise(times) if b < 50 * 3600}
    assert len(old_part) == 1


def test_of_too_many_lines_the_earliest_and_the_newest_stay_and_the_gap_is_stated() -> None:
    old = [Line(float(at), "old") for at in range(MAX_LINES)]
    new = [Line(float(MAX_LINES + at), "new") for at in range(100)]
    items, gaps = extended(
        stored(old, "lines"), SourceAnswer(new), window(MAX_LINES, MAX_LINES + 100)
    )
    assert len(items) == MAX_LINES
    assert (items[0]["at"], items[-1]["at"]) == (0.0, MAX_LINES + 99.0)
    assert any("earliest and the newest half" in gap for gap in gaps)

"""What is new in a log and what bursts, against what was usual on earlier days."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analysis.core.log_watch import DAY, MOST_TEMPLATES, WINDOW, learn_window, read_window

Lines = list[tuple[float, str]]


def window(start: float, served: int = 30, **others: int) -> Lines:
    """Lines of ten minutes; the name of an argument is the text of its lines."""
    texts = [f"served request {number} in 12 ms" for number in range(served)]
    texts += [name.replace("_", " ") for name, times in others.items() for _ in range(times)]
    return [(start + 1 + number / 10, text) for number, text in enumerate(texts)]


def learnt(days: int = 2, **others: int) -> dict[str, Any]:
    profile: dict[str, Any] = {}
    for number in range(0, days * DAY, 3600):
        profile = learn_window(profile, window(number, **others), number, number + WINDOW)
    return profile


NOW = 2.0 * DAY


def kinds(profile: dict[str, Any], lines: Lines) -> list[tuple[str, int]]:
    return [(each.kind, each.count) for each in read_window(profile, lines, NOW, NOW + WINDOW)]


def test_what_was_written_before_is_neither_new_nor_a_burst() -> None:
    assert kinds(learnt(), window(NOW, served=34)) == []


def test_a_line_that_was_never_written_is_new() -> None:
    [found] = read_window(learnt(), window(NOW, pool_exhausted=3), NOW, NOW + WINDOW)
    assert (found.kind, found.count, found.error) == ("new", 3, True)
    assert found.at == NOW + 4


def test_more_than_ever_before_by_more_than_chance_is_a_burst() -> None:
    assert kinds(learnt(), window(NOW, served=40)) == []
    assert kinds(learnt(), window(NOW, served=90)) == [("burst", 90)]


def test_what_bursts_every_night_is_no_burst() -> None:
    profile = learn_window(learnt(), window(NOW - 3600, served=400), NOW - 3600, NOW - 3000)
    assert kinds(profile, window(NOW, served=390)) == []


def test_what_was_not_written_for_a_week_is_new_again() -> None:
    profile = learn_window(learnt(), window(NOW, disk_failed=5), NOW, NOW + WINDOW)
    later = NOW + 8 * DAY
    profile = learn_window(profile, window(later), later, later + WINDOW)
    lines = window(later + WINDOW, disk_failed=5)
    found = read_window(profile, lines, later + WINDOW, later + 2 * WINDOW)
    assert [each.kind for each in found] == ["new"]


def test_the_count_of_a_longer_window_is_scaled_to_ten_minutes() -> None:
    lines = window(NOW, served=90)
    assert read_window(learnt(), lines, NOW, NOW + 3 * WINDOW) == []


def test_a_profile_has_a_limited_size() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [(float(i), f"{letters[i % 26]}{letters[i // 26 % 26]}x word") for i in range(676)]
    assert len(learn_window({}, lines, 0, WINDOW)) <= MOST_TEMPLATES


texts = st.lists(st.tuples(st.floats(0, WINDOW), st.text(max_size=30)), max_size=30)


@given(texts)
def test_whatever_was_just_learnt_is_not_unusual(lines: Lines) -> None:
    profile = learn_window({}, lines, 0, WINDOW)
    assert read_window(profile, lines, 0, WINDOW) == []

"""Objectives with odd values are taken or refused, whatever the value."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from practice.core import windows as counted_windows
from practice.slo_files.base import BadFile, Refused
from practice.slo_files.windows import of_openslo, rolling
from tests.practice.objective_documents import PYRRA_RATIO, RATIO, openslo, pyrra, read, sloth
from tests.practice.test_objective_files import ALPHA, NOBL9

LENGTHS = st.text(max_size=12) | st.from_regex(r"\A(\d{1,4} ?(ms|[smhdwyMQY])){1,3}\Z")


@given(length=LENGTHS | st.integers() | st.floats() | st.none())
def test_any_length_is_a_window_that_is_counted_or_is_refused(length: object) -> None:
    try:
        found = rolling(length, "window")
    except Refused:
        return
    assert counted_windows.rolling(found)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "duration": LENGTHS, "count": st.integers() | st.text(max_size=3),
            "unit": st.sampled_from(["Day", "month", "Quarters", "Year", "eon"]),
            "isRolling": st.booleans() | st.none(),
            "calendar": st.fixed_dictionaries({}, optional={
                "startTime": st.datetimes() | st.text(max_size=8) | st.just("2024-02-29 06:30:00"),
                "timeZone": st.sampled_from(["UTC", "Europe/Oslo", "GMT"]),
            }),
        },
    )
)  # fmt: skip
def test_any_time_window_of_openslo_is_counted_or_refused(item: dict[str, object]) -> None:
    try:
        found, _ = of_openslo({"timeWindow": [item]})
    except Refused:
        return
    assert counted_windows.is_window(found)


WHOLE = [
    ("pyrra", pyrra("latencyNative: {latency: 1s, total: {metric: t}}")),
    ("pyrra", pyrra(PYRRA_RATIO)),
    ("sloth", sloth("events: {error_query: 'a[{{.window}}]', total_query: 'b[{{.window}}]'}")),
    ("sloth", sloth("raw: {error_ratio_query: 'a[{{.window}}]'}")),
    ("openslo", openslo(RATIO, "target: 0.9, timeSliceTarget: 0.9", method="Timeslices")),
    ("openslo", openslo("indicatorRef: x") + "---\n{kind: SLI, metadata: {name: x}, spec: {}}"),
    ("openslo", ALPHA),
    ("openslo", NOBL9),
]
ODD = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from([[], {}, [[]], [{}], {"spec": {}}, {"query": "["}, {"query": "\"[a"}, "1d"])
)  # fmt: skip


@given(whole=st.sampled_from(WHOLE), at=st.integers(0, 60), odd=ODD)
def test_no_odd_value_breaks_a_reader(whole: tuple[str, str], at: int, odd: object) -> None:
    kind, content = whole
    parsed = list(yaml.safe_load_all(content))
    holders = [(each, key) for each in everything_in(parsed) for key in keys_of(each)]
    holder, key = holders[at % len(holders)]
    holder[key] = odd
    with suppress(BadFile):
        assert all(read(kind, yaml.safe_dump_all(parsed)))


def keys_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def everything_in(value: Any) -> list[Any]:
    below = [value[key] for key in keys_of(value)]
    return [value, *(inner for each in below for inner in everything_in(each))]

"""Times as people, exports and monitors write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.payloads import time_at
from common.times import (
    EARLIEST,
    LATEST,
    UNSET_CLOCK,
    first_date_in,
    is_only_a_day,
    parse_time,
    period_of,
)

THEN = datetime(2026, 3, 1, 2, 57, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T02:57:00Z",
        "2026-03-01 02:57",
        " 2026-03-01T03:57+01:00 ",
        "20260301T0257Z",
        "01/Mar/26 2:57 AM",
        "01/Mar/26 02:57",
        "01/Mar/2026 02:57",
        1772333820,
        1772333820.0,
        1772333820000,
        "1772333820",
        "1772333820.000",
        "1772333820000",
        datetime(2026, 3, 1, 2, 57),
        THEN,
    ],
)
def test_it_reads_a_time_in_every_form_that_senders_and_exports_use(written: Any) -> None:
    assert parse_time(written) == THEN


ISO_DAYS = {
    "2026-060T02:57:00Z": THEN,
    "2026-060 02:57": THEN,
    "2026-060T03:57+01:00": THEN,
    "2026-W09-7T02:57:00Z": THEN,
    "2026-W09-7 02:57": THEN,
    "2026-w09-7 03:57 CET": THEN,
    "2026W097T025700Z": THEN,
    "2024-060": datetime(2024, 2, 29, tzinfo=UTC),
    "2024-366": datetime(2024, 12, 31, tzinfo=UTC),
    "2026-001": datetime(2026, 1, 1, tzinfo=UTC),
    "2026-W01-1": datetime(2025, 12, 29, tzinfo=UTC),
    "2020-W53-7": datetime(2021, 1, 3, tzinfo=UTC),
    "2026W485": datetime(2026, 11, 27, tzinfo=UTC),
}


@pytest.mark.parametrize("written", ISO_DAYS)
def test_days_of_the_year_and_of_the_week_are_read(written: str) -> None:
    assert parse_time(written) == ISO_DAYS[written]
    assert is_only_a_day(written) == (ISO_DAYS[written].hour == 0)


@pytest.mark.parametrize(
    "written",
    [
        "2026-366", "2026-000", "2026-367", "2026-W54-1", "2026-W00-1", "2025-W53-1", "2026-W48-8",
        "2026-W48", "2026W48", "2026-W48T10:00", "2026331", "CVE-2026-331", "0000-001",
    ],
)  # fmt: skip
def test_days_that_do_not_exist_weeks_and_ids_are_no_times(written: str) -> None:
    assert parse_time(written) is None


@pytest.mark.parametrize("written", ["2026-03-01", "20260301", date(2026, 3, 1)])
def test_a_date_is_its_midnight_in_utc(written: Any) -> None:
    assert parse_time(written) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        None, True, "", "soon", "0", 0, -1, 7, "7", "2026", float("nan"), float("inf"), 10**40,
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z",
        "2026-02-30", "2026-03-01T25:00", "01/03/2026 02:57", "²", "١٧٧٢٣٣٣٨٢٠", [], {},
    ],
)  # fmt: skip
def test_what_is_no_time_or_a_clock_never_set_is_none(written: Any) -> None:
    assert parse_time(written) is None
    assert time_at({"at": written}, "at") is None


def test_a_wall_clock_counts_in_its_zone_and_an_offset_wins() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_time("2026-03-01 03:57", berlin) == THEN
    assert parse_time("2026-03-01 02:57Z", berlin) == THEN


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?([+-]\d\d:\d\d|Z)?", fullmatch=True),
        st.from_regex(r"\d{1,2}/[A-Z][a-z]{2}/\d{2,4} \d{1,2}:\d\d( [AP]M)?", fullmatch=True),
        st.integers(),
        st.floats(),
        st.datetimes(),
        st.dates(),
    )
)
def test_nothing_makes_it_raise_and_what_it_reads_is_utc_and_plausible(written: Any) -> None:
    found = parse_time(written)
    if found is not None:
        assert found.tzinfo is UTC
        assert EARLIEST <= found < LATEST


@given(st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)))
def test_it_reads_back_what_we_write(at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    unset = UNSET_CLOCK[0] <= at < UNSET_CLOCK[1]
    assert parse_time(at.isoformat()) == (at if at < LATEST and not unset else None)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-2", (2026, 2, 1), (2026, 3, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2028-02-29", (2028, 2, 29), (2028, 3, 1)),
    ],
)
def test_a_period_ends_where_the_next_begins(
    text: str, start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    assert period_of(text) == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))


@given(st.one_of(st.text(), st.from_regex(r"\d{4}(-\d{1,2}){0,2}", fullmatch=True)))
def test_a_period_is_read_or_refused_in_words(text: str) -> None:
    problem = ""
    try:
        start, end = period_of(text)
    except ValueError as error:
        problem = str(error)
    assert repr(text) in problem if problem else start < end


@pytest.mark.parametrize(
    "prose",
    [
        "It began 2026-03-01, then again on 2026-04-01.",
        "On March 1st, 2026 the certificate expired.",
        "the 1st March 2026 was a Sunday; 2026-05-01 was not",
    ],
)
def test_it_finds_the_first_date_of_a_text(prose: str) -> None:
    assert first_date_in(prose) == datetime(2026, 3, 1, tzinfo=UTC)


@given(st.text())
def test_prose_without_a_date_has_none_and_raises_nothing(text: str) -> None:
    found = first_date_in(text)
    assert found is None or found.year >= 1900


def test_an_impossible_date_in_prose_is_none() -> None:
    assert first_date_in("on 2026-02-31 nothing happened") is None
    assert first_date_in("on February 31, 2026 nothing happened") is None

"""Times as people, pagers, trackers and status pages write them, in several languages."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.time_ranges import length_in, read_range
from common.times import first_date_in, is_only_a_day, parse_time
from common.written_times import (
    date_order_of,
    is_ambiguous,
    read_written_time,
    zone_named,
)

TEN = datetime(2026, 3, 5, 10, 4, tzinfo=UTC)
DAY = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-05 10:04, UTC", TEN),
        ("2026-03-05 10:04 UTC", TEN),
        ("2026-03-05T10:04:00+0000", TEN),
        ("2026-03-05 15:34:00 +0530", TEN),
        ("2026-03-05 05:04 EST", TEN),
        ("2026-03-05 02:04 PST", TEN),
        ("2026-03-05 11:04 CET", TEN),
        ("5.3.2026 11:04 MEZ", TEN),
        ("2026-03-05 11:04 Europe/Berlin", TEN),
        ("2026-03-05 11:04 (Europe/Berlin)", TEN),
        ("2026-03-05 02:04 America/Los_Angeles", TEN),
        ("2026-03-05 12:04 UTC+2", TEN),
        ("2026-03-05 12:04 GMT+02:00", TEN),
        ("Mar 5, 2026, 10:04 AM", TEN),
        ("March 5, 2026 at 10:04 a.m. UTC", TEN),
        ("Thursday, March 5th, 2026 10:04 AM", TEN),
        ("5th of March 2026 at 10:04 am", TEN),
        ("Thu, 05 Mar 2026 10:04:00 +0000", TEN),
        ("Thu, 05 Mar 2026 10:04:00 GMT", TEN),
        ("Thu Mar  5 10:04:00 UTC 2026", TEN),
        ("Thu Mar  5 10:04:00 2026", TEN),
        ("05/Mar/2026:10:04:00 +0000", TEN),
        ("05/Mar/26 10:04 AM", TEN),
        ("5-Mar-2026 10:04", TEN),
        ("2026/03/05 10:04", TEN),
        ("2026.03.05 10:04", TEN),
        ("05.03.2026 10:04", TEN),
        ("05.03.26 10:04", TEN),
        ("05.03.2026, 10:04 Uhr", TEN),
        ("5. März 2026 um 10:04 Uhr", TEN),
        ("Donnerstag, 5. Mrz 2026, 10.04 Uhr", TEN),
        ("le 5 mars 2026 à 10h04", TEN),
        ("jeudi 5 mars 2026 10:04", TEN),
        ("5 de marzo de 2026 10:04", TEN),
        ("5 marzo 2026 10:04", TEN),
        ("2026年3月5日 10時04分", TEN),
        ("20260305100400", TEN),
        ("2026-03-05 10:04:00.5 +0000 UTC m=+0.0012", TEN.replace(microsecond=500_000)),
        ("2026-03-05_10-04-00", TEN),
        ("2026_03_05_10_04", TEN),
        ("5 mars 2026 10 h 04", TEN),
        ("5 de março de 2026 às 10:04", TEN),
        ("5 maart 2026 om 10:04 uur", TEN),
        ("5 marzo 2026 alle ore 10:04", TEN),
        ("5 March 2026, 1004 UTC", TEN),
        ("2026-03-05 1004Z", TEN),
        ("2026년 3월 5일 10:04", TEN),
        ("2026-03-05 ~10:04 UTC", TEN),
        ("≈ 10:04 UTC, 5 March 2026", TEN),
        (f"{TEN.timestamp():.9e}", TEN),
        ("March 5, 2026 2:04 AM Pacific Standard Time", TEN),
        ("March 5, 2026 5:04 AM Eastern Time", TEN),
        ("2026-03-05 11:04 Central European Time", TEN),
        ("2026-03-05T11:04:00+01:00[Europe/Berlin]", TEN),
        ("/Date(1772705040000)/", TEN),
        ("5 Mar '26 10:04", TEN),
        ("Thursday 5 March 2026 at 10.04am", TEN),
        ("2026-03-05T10:04:00.000000000Z", TEN),
        (TEN.timestamp(), TEN),
        (int(TEN.timestamp() * 1e3), TEN),
        (int(TEN.timestamp() * 1e6), TEN),
        (int(TEN.timestamp()) * 10**9, TEN),
        (f"{int(TEN.timestamp()) * 10**9}", TEN),
        ("2026/03/05", DAY),
        ("March 5, 2026", DAY),
        ("5 Mar 2026", DAY),
        ("Thu, 05 Mar 2026", DAY),
        ("5. März 2026", DAY),
        ("5 août 2025", datetime(2025, 8, 5, tzinfo=UTC)),
        ("1er février 2026", datetime(2026, 2, 1, tzinfo=UTC)),
        ("12. Dezember 2025", datetime(2025, 12, 12, tzinfo=UTC)),
        ("3 de enero de 2026", datetime(2026, 1, 3, tzinfo=UTC)),
        ("13/03/2026", datetime(2026, 3, 13, tzinfo=UTC)),
        ("03/13/2026", datetime(2026, 3, 13, tzinfo=UTC)),
        ("3/13/26 9:05 PM", datetime(2026, 3, 13, 21, 5, tzinfo=UTC)),
        ("12:30 AM, March 5, 2026", datetime(2026, 3, 5, 0, 30, tzinfo=UTC)),
        ("13/03/99", datetime(1999, 3, 13, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_it_is_written(written: str | float, expected: datetime) -> None:
    assert parse_time(written) == expected


@pytest.mark.parametrize(
    "written",
    ["10:04 UTC", "March 2026", "5 March", "in 5 minutes", "v1.2.3", "10.0.0.1", "2026-13-40",
     "March 35, 2026", "25:99 on March 5, 2026", "3 days ago", "see 2026-03-05", "1.5 hours",
     "05/03/2026", "05/03/26 10:00", "12345/2026", "13:05 PM March 5, 2026", "a" * 5000],
)  # fmt: skip
def test_what_is_no_whole_time_or_has_two_meanings_is_none(written: str) -> None:
    assert parse_time(written) is None


def test_slashes_are_read_in_the_stated_order() -> None:
    assert is_ambiguous("05/03/2026 10:04")
    assert not is_ambiguous("13/03/2026")
    assert parse_time("05/03/2026 10:04", order="day-first") == TEN
    assert parse_time("03/05/2026 10:04", order="month-first") == TEN


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["05/03/2026", "13/03/2026 10:00"], "day-first"),
        (["3/5/26 9:00 AM", "6/21/26 4:14 PM"], "month-first"),
        (["05-03-2026", "31-01-2026"], "day-first"),
        (["05/03/2026", "06/04/2026"], ""),
        (["13/03/2026", "03/13/2026"], ""),
        (["14/Jul/26 3:42 PM", "2026/13/01", "", "soon"], ""),
    ],
)
def test_an_unambiguous_value_shows_the_order_of_its_column(values: list[str], order: str) -> None:
    assert date_order_of(values) == order


@pytest.mark.parametrize(
    ("name", "offset"),
    [("Europe/Berlin", 1), ("CET", 1), ("est", -5), ("PT", -8), ("UTC+2", 2), ("+0530", 5.5),
     ("GMT-3", -3), ("Z", 0), ("Asia/Kolkata", 5.5)],
)  # fmt: skip
def test_a_zone_is_known_by_its_usual_names(name: str, offset: float) -> None:
    zone = zone_named(name)
    assert zone is not None
    assert datetime(2026, 1, 5, tzinfo=zone).utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("name", ["", "Europe", "Berlin/", "../etc/passwd", "Mars/Base", "+99"])
def test_a_zone_that_does_not_exist_is_none(name: str) -> None:
    assert zone_named(name) is None


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("10:00 to 11:06 UTC", "05 10:00", "05 11:06"),
        ("10:00–11:06 UTC (66 minutes)", "05 10:00", "05 11:06"),
        ("10:00-11:06 UTC", "05 10:00", "05 11:06"),
        ("from 10:00 UTC until 11:06 UTC", "05 10:00", "05 11:06"),
        ("between 10:00 and 11:06", "05 10:00", "05 11:06"),
        ("2:00 - 3:15 PM PST", "05 22:00", "05 23:15"),
        ("11:30 PM to 12:45 AM", "05 23:30", "06 00:45"),
        ("March 6, 2026, 10:00 to 11:06 UTC", "06 10:00", "06 11:06"),
        ("2026-03-06 10:00 - 2026-03-07 01:10 CET", "06 09:00", "07 00:10"),
        ("06/03/2026 From 05:15 PM to 02:00 AM WAT", "06 16:15", "07 01:00"),
        ("10:00 bis 11:06 Uhr", "05 10:00", "05 11:06"),
        ("von 10.00 Uhr bis 11.06 Uhr", "05 10:00", "05 11:06"),
        ("de 10h00 à 11h06", "05 10:00", "05 11:06"),
        ("10:00 UTC → 11:06 UTC", "05 10:00", "05 11:06"),
        ("Approximately 66 minutes (10:00 to 11:06 UTC)", "05 10:00", "05 11:06"),
        ("66 minutes, from 10:00 to 11:06 UTC", "05 10:00", "05 11:06"),
    ],
)
def test_a_range_has_a_start_and_an_end(text: str, start: str, end: str) -> None:
    found = read_range(text, date(2026, 3, 5), order="day-first")
    assert found is not None
    assert [f"{at:%d %H:%M}" for at in found] == [start, end]


@pytest.mark.parametrize(
    "text", ["66 minutes", "2026-03-05T10:00:00-08:00", "2026-03-05", "all day", "to", "10:00 to"]
)
def test_what_is_no_range_is_none(text: str) -> None:
    assert read_range(text, date(2026, 3, 5)) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("66 minutes", 66), ("1h 6m", 66), ("1 hour and 6 minutes", 66), ("~66 min", 66),
     ("01:06:00", 66), ("1.5 hours", 90), ("2 Stunden 5 Minuten", 125), ("45 mins (approx)", 45),
     ("3 days", 4320), ("1h06m", 66), ("5 users", None), ("100%", None), ("unknown", None)],
)  # fmt: skip
def test_a_length_of_time_is_read(text: str, minutes: int | None) -> None:
    assert length_in(text) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "prose",
    ["last modified on Mar 05, 2026", "am 5. März 2026 fiel", "postmortem-2026-03-05-disk.md",
     "20260305-disk", "2026_03_05_disk", "le 5 mars 2026, la base", "am 05.03.2026 um 10 Uhr",
     "5 de marzo de 2026"],
)  # fmt: skip
def test_prose_has_its_first_date(prose: str) -> None:
    assert first_date_in(prose) == DAY


FORMS = [
    "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M", "%d %B %Y %H:%M", "%B %d, %Y %I:%M %p",
    "%a, %d %b %Y %H:%M:00 +0000", "%d/%b/%Y:%H:%M:00 +0000", "%a %b %d %H:%M:00 %Y",
    "%Y%m%d%H%M", "%d-%b-%Y %H:%M", "%Y-%m-%d %H:%M, UTC", "%A, %B %d, %Y at %I:%M %p",
    "%Y-%m-%dT%H:%MZ",
]  # fmt: skip


@given(at=st.datetimes(datetime(1995, 1, 1), datetime(2069, 12, 31)), form=st.sampled_from(FORMS))
def test_it_reads_back_what_any_of_many_forms_writes(at: datetime, form: str) -> None:
    at = at.replace(second=0, microsecond=0, tzinfo=UTC)
    assert parse_time(at.strftime(form)) == at
    assert not is_only_a_day(at.strftime(form))


@given(
    at=st.datetimes(datetime(1995, 1, 1), datetime(2069, 12, 31)),
    order=st.sampled_from(["day-first", "month-first"]),
    minutes=st.integers(-12 * 4, 12 * 4),
)
def test_slashes_and_offsets_read_back(at: datetime, order: str, minutes: int) -> None:
    at = at.replace(second=0, microsecond=0)
    zone = timezone(timedelta(minutes=15 * minutes))
    form = "%d/%m/%Y %H:%M %z" if order == "day-first" else "%m/%d/%Y %I:%M %p %z"
    written = at.replace(tzinfo=zone).strftime(form)
    assert parse_time(written, order=order) == at.replace(tzinfo=zone)  # type: ignore[arg-type]


@given(st.text(max_size=200) | st.text("0123456789:/.-+ TZapmUTCMarjanMai", max_size=150))
def test_no_text_makes_a_reader_raise(text: str) -> None:
    written = read_written_time(text)
    assert written is None or written.day or written.clock
    found = read_range(text, date(2026, 3, 5))
    assert found is None or found[0] <= found[1]
    length = length_in(text)
    assert length is None or length > timedelta()
    date_order_of([text])
    zone_named(text)


@pytest.mark.parametrize("piece", ["10:00 ", "- ", "1 ", "mar ", "+", "(", "2026-", " to ", "/a"])
def test_long_texts_take_no_longer_than_their_length(piece: str) -> None:
    text = piece * 50_000
    begun = time.perf_counter()
    parse_time(text)
    read_range(text)
    length_in(text)
    first_date_in(text)
    assert time.perf_counter() - begun < 2


def test_a_wall_clock_counts_in_the_zone_of_the_exporter() -> None:
    assert parse_time("05.03.2026 11:04", ZoneInfo("Europe/Berlin")) == TEN
    assert parse_time("05.03.2026 10:04 UTC", ZoneInfo("Europe/Berlin")) == TEN

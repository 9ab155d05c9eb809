"""The incidents on a page of Atlassian Statuspage, as its source shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bs4 import BeautifulSoup, Tag

from common.times import parse_time
from kb.importers.html_headings import text_in

_HALF_A_YEAR = timedelta(days=183)


def rows_of_status_page(page: BeautifulSoup) -> Iterator[tuple[str, dict[str, Any]]]:
    """(title, row) of each incident, in the keys of Statuspage's API; none on any other page."""
    for day in page.select(".status-day"):
        date = day.select_one(".date")
        at = parse_time(text_in(date).replace(" ,", ",")) if date else None
        for box in day.select(".incident-container"):
            title = box.select_one(".incident-title")
            if at and title and (name := text_in(title)):
                yield name, _row(name, title, box, at)


def _row(name: str, title: Tag, box: Tag, day: datetime) -> dict[str, Any]:
    link = title.select_one("a[href]")
    path = f"{link['href']}" if link else ""
    impacts = [each for each in title.get("class") or () if each.startswith("impact-")]
    updates = [_update(each, day) for each in box.select(".update")]
    return {
        "id": path.rstrip("/").rpartition("/")[2] or f"{day:%Y-%m-%d} {name}",
        "name": name,
        "shortlink": path if path.startswith("https://") else "",
        "impact": impacts[0].removeprefix("impact-") if impacts else "",
        "status": updates[0]["status"] if updates else "",
        "created_at": "" if updates else f"{day:%Y-%m-%d}",
        "incident_updates": updates,
    }


def _update(update: Tag, day: datetime) -> dict[str, str]:
    state, small = update.find("strong"), update.find("small")
    written = text_in(small).replace(" ,", ",").removeprefix("Posted on ") if small else ""
    for part in (state, small):
        if isinstance(part, Tag):
            part.extract()
    return {
        "status": text_in(state).lower() if isinstance(state, Tag) else "",
        "body": text_in(update).lstrip("- "),
        "created_at": _with_year(written, day),
    }


def _with_year(written: str, day: datetime) -> str:
    """“Jul 4, 13:24 UTC” names no year: the one in which it is next to the day of the incident."""
    date, _, clock = written.partition(",")
    for year in (day.year, day.year + 1, day.year - 1):
        text = f"{date} {year},{clock}"
        at = parse_time(text)
        if at and abs(at - day) < _HALF_A_YEAR:
            return text
    return written

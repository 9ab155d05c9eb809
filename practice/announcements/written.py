"""The load and the date in the words of an announcement: `40/s`, `2026-12-09`."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.utils.dateparse import parse_date

SPRINT = timedelta(days=14)
"""From now on, where no date is given."""
RATE = re.compile(r"(?:^|[\s(])(\d{1,9}(?:\.\d{1,3})?)/s(?=[\s,.;:)]|$)", re.ASCII)
DATE = re.compile(r"(?:^|[\s(])(?:on |by )?(\d{4}-\d\d-\d\d)(?=[\s,.;:)]|$)", re.ASCII)


def rate_in(words: str) -> float | None:
    found = RATE.search(words)
    return float(found[1]) if found else None


def date_in(words: str) -> date | None:
    """The first date; None where there is none. Raises ValueError for one that is no day."""
    found = DATE.search(words)
    return parse_date(found[1]) if found else None


def without_figures(words: str) -> str:
    """The words that remain as the title."""
    return " ".join(DATE.sub(" ", RATE.sub(" ", words)).split())

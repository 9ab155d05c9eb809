"""Addresses of what is behind a figure of a report: the list of incidents, filtered as it was."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kb.reports.statistics import ReportFilter

PERIODS = {30: _("30 days"), 90: _("90 days"), 365: _("A year")}


def incidents_of(chosen: ReportFilter, month: str = "", words: str = "") -> str:
    """The list of the incidents of a report, or of a month such as 2026-03 of it."""
    since, until = chosen.since, chosen.until
    if month:
        first = date.fromisoformat(f"{month}-01")
        since = max(since, first)
        until = min(until, (first + timedelta(days=31)).replace(day=1))
    start, end = ReportFilter(since, until).bounds
    query = {
        "after": start.isoformat(),
        "before": end.isoformat(),
        "team": chosen.team,
        "service": chosen.service,
        "q": words,
    }
    given = {name: value for name, value in query.items() if value}
    return f"{reverse('incidents:list')}?{urlencode(given)}"


def presets(chosen: ReportFilter, today: date) -> list[tuple[str, str, bool]]:
    """Usual periods up to today: label, query string, and whether it is the one that is shown."""
    found = []
    until = today + timedelta(days=1)
    for days, label in PERIODS.items():
        since = until - timedelta(days=days)
        query = {"since": since, "until": until, "team": chosen.team, "service": chosen.service}
        given = {name: value for name, value in query.items() if value}
        shown = (chosen.since, chosen.until) == (since, until)
        found.append((str(label), urlencode(given), shown))
    return found

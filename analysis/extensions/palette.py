"""Pages of the analysis in the command palette, and the search over everything."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from common.viewer import Viewer
from incidents.palette import Entry, Finder, Page

PAGES = (
    Page("Search everything", "analysis:search", "find", keys="/"),
    Page("Knowledge gaps", "analysis:gaps", "missing postmortems due"),
    Page("New log lines", "analysis:log-signs", "logs watch"),
    Page("Scoreboard", "analysis:scoreboard", "accuracy suggestions hits"),
    Page("Sources", "analysis:sources", "prometheus loki telemetry"),
    Page("The first hour", "analysis:first-hour", "getting started setup guide checklist"),
)


def _find_everywhere(viewer: Viewer, text: str) -> Iterator[Entry]:
    if text:
        address = f"{reverse('analysis:search')}?{urlencode({'q': text})}"
        yield Entry(f"Search everything for “{text}”", address)


SEARCH = Finder("Search", _find_everywhere, comes_last=True)

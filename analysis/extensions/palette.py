"""Pages of the analysis in the command palette, and the search over everything."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.viewer import Viewer
from incidents.palette import Entry, Finder, Page

PAGES = (
    Page(_("Search everything"), "analysis:search", "find", keys="/"),
    Page(_("Knowledge gaps"), "analysis:gaps", "missing postmortems due"),
    Page(_("New log lines"), "analysis:log-signs", "logs watch"),
    Page(_("Scoreboard"), "analysis:scoreboard", "accuracy suggestions hits"),
    Page(_("Sources"), "analysis:sources", "prometheus loki telemetry"),
    Page(_("The first hour"), "analysis:first-hour", "getting started setup guide checklist"),
)


def _find_everywhere(viewer: Viewer, text: str) -> Iterator[Entry]:
    if text:
        address = f"{reverse('analysis:search')}?{urlencode({'q': text})}"
        yield Entry(gettext("Search everything for “%(text)s”") % {"text": text}, address)


SEARCH = Finder(_("Search"), _find_everywhere, comes_last=True)

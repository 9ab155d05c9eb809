"""Atlassian Statuspage: incidents of one page with their updates and postmortems."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import text, time_at
from kb.history_sources.base import (
    Cursor,
    HistorySource,
    HistorySourceForm,
    Page,
    api_for,
    page_number,
)
from kb.importers.base import ReadResult
from kb.importers.statuspage import StatuspageImporter
from kb.remote_api import JsonApi

PAGE = 100
FOLLOWED_PAGES = 2
"""So many of the newest are compared when following: the API has no filter for changes."""


class StatuspageForm(HistorySourceForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial="https://api.statuspage.io",
        max_length=300,
        assume_scheme="https",
    )
    page_id = forms.RegexField(
        r"^[a-z0-9]{4,40}$",
        label=_("Id of the page"),
        help_text=_("Beside the API key, on *API info*."),
    )


class Statuspage(HistorySource):
    """Manage API v1, https://developer.statuspage.io, read on 2026-11-27: newest incidents first,
    `page` and `limit`, up to 100; 420 or 429 where there were too many requests.
    """

    kind = "statuspage"
    title = "Statuspage"
    source = "statuspage"
    reads = _("Incidents with updates and postmortems; maintenance is none.")
    SettingsForm = StatuspageForm

    def connect(self) -> JsonApi:
        self.path = f"/v1/pages/{self.settings['page_id']}"
        return api_for(self.settings, f"OAuth {self.settings['token']}")

    def probe(self) -> str:
        data = self.api.get_existing(
            self.path,
            "page with this id, or the token may not see it. Check the id in the connection's "
            "settings.",
        )
        return gettext("The page “%(name)s” can be read.") % {
            "name": text(data, "name") or self.settings["page_id"]
        }

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        number = page_number(cursor)
        rows = self.rows(self.api.get(f"{self.path}/incidents", {"page": number, "limit": PAGE}))
        more = len(rows) == PAGE and (since is None or number < FOLLOWED_PAGES)
        created = [at for row in rows if (at := time_at(row, "created_at"))]
        if created and max(created) < self.earliest:
            more = False
        importer = StatuspageImporter()
        found: list[ReadResult] = []
        for row in rows:
            changed = time_at(row, "updated_at")
            begun = time_at(row, "created_at")
            if (begun and begun < self.earliest) or (since and changed and changed < since):
                continue
            found += importer.read_row(f"incident {text(row, 'id', 40)}", row)
        return Page(found, {"page": number + 1} if more else None)

"""Opsgenie, and Jira Service Management with its API: incidents with their timelines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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
    share_of_time,
)
from kb.importers.base import ReadResult
from kb.importers.opsgenie import OpsgenieImporter
from kb.remote_api import IDENTIFIER, JsonApi, NotFound

PAGE, FOLLOWED, MOST_ENTRIES = 20, 10, 100
"""Incidents of a page, pages of the newest that are compared when following, and entries."""
MOST_OFFSET = 20_000
"""The API pages no further."""


class OpsgenieForm(HistorySourceForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial="https://api.opsgenie.com",
        max_length=300,
        assume_scheme="https",
        help_text=_("https://api.eu.opsgenie.com for accounts in the EU."),
    )
    query = forms.CharField(
        label=_("Query"), required=False, max_length=500,
        help_text=_("As in Opsgenie's search, such as tag: production. Empty for all."),
    )  # fmt: skip


class Opsgenie(HistorySource):
    """Incident API v1 and incident timelines v2, https://docs.opsgenie.com/docs/incident-api, read
    on 2026-11-27: `offset`, `limit`, `sort` and `order`; services by id.
    """

    kind = "opsgenie"
    title = "Opsgenie"
    source = "opsgenie"
    reads = _("Incidents with their timelines.")
    SettingsForm = OpsgenieForm

    def connect(self) -> JsonApi:
        self.services: dict[str, str] = {}
        return api_for(self.settings, f"GenieKey {self.settings['token']}")

    def probe(self) -> str:
        self.rows(self.api.get("/v1/incidents", {**self._query(), "limit": 1}), "data")
        return gettext("Incidents can be read.")

    def _query(self) -> dict[str, str]:
        return {"query": self.settings["query"]} if self.settings.get("query") else {}

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        number = page_number(cursor)
        params = {
            **self._query(), "limit": PAGE, "offset": (number - 1) * PAGE, "sort": "createdAt",
            # Whoever follows wants the newest, and there is no filter for what changed.
            "order": "desc" if since else "asc",
        }  # fmt: skip
        rows = self.rows(self.api.get("/v1/incidents", params), "data")
        start = time_at(cursor, "start") or (time_at(rows[0], "createdAt") if rows else None)
        reached = time_at(rows[-1], "createdAt") if rows else None
        more = len(rows) == PAGE and number * PAGE + PAGE <= MOST_OFFSET
        if since:
            more = more and number < FOLLOWED
        following = {"page": number + 1, "start": start and start.isoformat()} if more else None
        wanted = [row for row in rows if self._is_wanted(row, since)]
        progress = share_of_time(start, reached) if start and not since else None
        return Page(self._read(wanted), following, progress)

    def _is_wanted(self, row: dict[str, Any], since: datetime | None) -> bool:
        created, changed = time_at(row, "createdAt"), time_at(row, "updatedAt")
        if created and created < self.earliest:
            return False
        return not (since and changed and changed < since)

    def _read(self, rows: list[dict[str, Any]]) -> list[Any]:
        importer = OpsgenieImporter()
        found: list[ReadResult] = []
        for row in rows:
            key = text(row, "id", 60)
            ids = row.get("impactedServices")
            names = [self._service(each) for each in ids] if isinstance(ids, list) else []
            row["impactedServiceNames"] = [name for name in names if name]
            row["updates"] = self._timeline(key)
            found += importer.read_row(f"incident {key}", row)
        return found

    def _service(self, key: Any) -> str:
        """The name of a service; empty where it was deleted or may not be seen."""
        key = text(key, limit=60)
        if key not in self.services:
            self.services[key] = ""
            if IDENTIFIER.match(key):
                try:
                    found = self.api.get(f"/v1/services/{key}")
                except NotFound:
                    return ""
                self.services[key] = text(found, "data.name", 100)
        return self.services[key]

    def _timeline(self, key: str) -> list[dict[str, Any]]:
        if not IDENTIFIER.match(key):
            return []
        path = f"/v2/incident-timelines/{key}/entries"
        try:
            data = self.api.get(path, {"limit": MOST_ENTRIES, "order": "asc"})
        except NotFound:
            return []
        entries = self.rows(data, "data.entries")
        return [
            {
                "at": each.get("eventTime"),
                "status": text(each, "actor.name", 100),
                "message": _words(each),
            }
            for each in entries
            if not each.get("hidden")
        ]


def _words(entry: dict[str, Any]) -> str:
    """Title and description of an entry, which are objects with a name or content."""
    parts = (
        text(entry, f"{part}.{name}", 5000)
        for part in ("title", "description")
        for name in ("content", "name")
    )
    return "\n\n".join(dict.fromkeys(part for part in parts if part))

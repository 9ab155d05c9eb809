"""PagerDuty: incidents with their notes and acknowledgements."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text, time_at
from kb.history_sources.base import (
    Cursor,
    HistorySource,
    HistorySourceForm,
    Page,
    api_for,
    names_in,
    share_of_time,
    stamp,
)
from kb.importers.pagerduty import PagerDutyImporter, merged_into
from kb.remote_api import IDENTIFIER, JsonApi, NotFound

PAGE, ENTRIES = 15, 100
"""Incidents of a page, for each of which its log is read, and entries of a log."""
WINDOW = timedelta(days=90)
"""Of one query; the API takes up to six months."""
MOST_OFFSET = 9_900
"""The API pages through 10,000 incidents; then a new window begins."""


class PagerDutyForm(HistorySourceForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial="https://api.pagerduty.com",
        max_length=300,
        assume_scheme="https",
        help_text=_("https://api.eu.pagerduty.com for accounts in the EU."),
    )
    services = forms.CharField(
        label=_("Only these services"), required=False, max_length=500,
        help_text=_("Their ids, such as PIJ90N7, PXPGF42. Empty for all."),
    )  # fmt: skip
    teams = forms.CharField(
        label=_("Only these teams"), required=False, max_length=500, help_text=_("Their ids.")
    )


class PagerDuty(HistorySource):
    """REST API v2, https://developer.pagerduty.com/api-reference, read on 2026-11-27.

    Incidents are listed by `since`, `until`, `offset`, `limit` and `more`. What the list lacks is
    in /incidents/ID/log_entries and /incidents/ID/notes; /log_entries says what changed.
    """

    kind = "pagerduty"
    title = "PagerDuty"
    source = "pagerduty"
    reads = _("Incidents with notes and acknowledgements; merged ones become alerts.")
    SettingsForm = PagerDutyForm

    def connect(self) -> JsonApi:
        return api_for(self.settings, f"Token token={self.settings['token']}")

    def probe(self) -> str:
        data = self.api.get("/incidents", {**self._filters(), "limit": 1, "total": "true"})
        self.rows(data, "incidents")
        return gettext("Incidents can be read.")

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        return self._changed(cursor, since) if since else self._window(cursor)

    def _filters(self) -> dict[str, Any]:
        found = {
            "service_ids[]": names_in(self.settings, "services"),
            "team_ids[]": names_in(self.settings, "teams"),
        }
        return {name: ids for name, ids in found.items() if ids}

    def _window(self, cursor: Cursor) -> Page:
        begin = time_at(cursor, "from") or self.earliest
        offset = int(cursor.get("offset", 0))
        end = begin + WINDOW
        params = {
            **self._filters(), "since": stamp(begin), "until": stamp(end),
            "sort_by": "created_at:asc", "limit": PAGE, "offset": offset,
        }  # fmt: skip
        data = self.api.get("/incidents", params)
        rows = self.rows(data, "incidents")
        reached = time_at(rows[-1], "created_at") if rows else None
        following: Cursor | None = {"from": begin.isoformat(), "offset": offset + PAGE}
        if not dig(data, "more"):
            following = None if end >= timezone.now() else {"from": end.isoformat()}
            reached = end
        elif offset + PAGE > MOST_OFFSET and reached and reached > begin:
            following = {"from": reached.isoformat()}
        return Page(self._read(rows), following, share_of_time(self.earliest, reached))

    def _changed(self, cursor: Cursor, since: datetime) -> Page:
        """First the ids of incidents with an entry in the log since then, then these incidents."""
        ids = list(cursor.get("ids", []))
        offset = cursor.get("offset", 0)
        if offset is not None:
            teams = {name: ids for name, ids in self._filters().items() if name == "team_ids[]"}
            params = {**teams, "since": stamp(since), "limit": ENTRIES, "offset": offset}
            data = self.api.get("/log_entries", params)
            found = [text(row, "incident.id", 40) for row in self.rows(data, "log_entries")]
            ids = list(dict.fromkeys([*ids, *(each for each in found if IDENTIFIER.match(each))]))
            more = bool(dig(data, "more")) and offset + ENTRIES <= MOST_OFFSET
            following = {"ids": ids, "offset": offset + ENTRIES if more else None}
            return Page([], following if more or ids else None)
        rows = [row for each in ids[:PAGE] if (row := self._incident(each))]
        services = names_in(self.settings, "services")
        wanted = [r for r in rows if not services or text(r, "service.id", 40) in services]
        rest = ids[PAGE:]
        return Page(self._read(wanted), {"ids": rest, "offset": None} if rest else None)

    def _incident(self, key: str) -> dict[str, Any] | None:
        try:
            found = dig(self.api.get(f"/incidents/{key}"), "incident")
        except NotFound:
            return None  # Deleted, or of a team that the token does not see.
        return found if isinstance(found, dict) else None

    def _read(self, rows: list[dict[str, Any]]) -> list[Any]:
        known = {text(row, "id", 40) for row in rows}
        targets = {merged_into(row) for row in rows} - known
        # An incident comes after the one that it was merged into, so that is on an earlier page.
        found = [self._incident(each) for each in sorted(targets) if IDENTIFIER.match(each)]
        rows = [*rows, *filter(None, found)]
        for row in rows:
            self._add_log(row)
        named = [(f"incident {text(row, 'id', 40)}", row) for row in rows]
        return list(PagerDutyImporter().read_rows(named))

    def _add_log(self, row: dict[str, Any]) -> None:
        """Acknowledgements, which the list forgets once it is resolved, and notes."""
        key = text(row, "id", 40)
        if not IDENTIFIER.match(key):
            return
        log = self.rows(
            self.api.get(f"/incidents/{key}/log_entries", {"limit": ENTRIES}), "log_entries"
        )
        kinds = {text(each, "type", 60) for each in log}
        row["acknowledgements"] = [
            {"at": each.get("created_at")} for each in log
            if text(each, "type", 60) == "acknowledge_log_entry"
        ] or row.get("acknowledgements")  # fmt: skip
        if "annotate_log_entry" in kinds:
            row["notes"] = self.rows(self.api.get(f"/incidents/{key}/notes"), "notes")

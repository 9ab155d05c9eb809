"""GitHub, and GitHub Enterprise: issues of one repository with a label."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import text, time_at
from kb.github_api import GitHubFields, github_api, read_repository
from kb.history_sources.base import (
    API_OPTIONS,
    Cursor,
    HistorySource,
    HistorySourceForm,
    Page,
    page_number,
    share_of_time,
    stamp,
)
from kb.importers.base import ReadResult
from kb.importers.github import GitHubImporter
from kb.remote_api import JsonApi

PAGE, COMMENTS = 20, 100


class GitHubForm(GitHubFields, HistorySourceForm):
    label = forms.CharField(
        label=_("Label"), required=False, max_length=200, initial="incident",
        help_text=_("Only issues with it; several between commas. Empty for all issues."),
    )  # fmt: skip


class GitHub(HistorySource):
    """REST API 2022-11-28, https://docs.github.com/rest/issues, read on 2026-11-27: pages by number
    (`page`, `per_page`), `since` for what was updated; an issue says how many comments it has.
    """

    kind = "github"
    title = "GitHub issues"
    source = "github"
    reads = _("Issues with their comments; labels and sections are read as by the file import.")
    SettingsForm = GitHubForm

    def connect(self) -> JsonApi:
        self.path = f"/repos/{self.settings['repository']}"
        return github_api(self.settings, **API_OPTIONS)

    def probe(self) -> str:
        data = read_repository(self.api, self.settings["repository"])
        if name := text(data, "full_name"):
            return gettext("Issues of %(name)s can be read.") % {"name": name}
        return gettext("Issues of the repository can be read.")

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        number = page_number(cursor)
        params = {
            "state": "all", "sort": "created", "direction": "asc", "per_page": PAGE, "page": number,
            "labels": self.settings.get("label"), "since": since and stamp(since),
        }  # fmt: skip
        sent = {name: value for name, value in params.items() if value}
        rows = self.rows(self.api.get(f"{self.path}/issues", sent))
        start = time_at(cursor, "start") or (time_at(rows[0], "created_at") if rows else None)
        reached = time_at(rows[-1], "created_at") if rows else None
        following = None
        if len(rows) == PAGE:
            following = {"page": number + 1, "start": start and start.isoformat()}
        progress = share_of_time(start, reached) if start else None
        return Page(self._read(rows), following, progress)

    def _read(self, rows: list[dict[str, Any]]) -> list[Any]:
        """The issues; pull requests, which the list has too, are left out."""
        importer = GitHubImporter()
        found: list[ReadResult] = []
        for row in rows:
            created = time_at(row, "created_at")
            if row.get("pull_request") or (created and created < self.earliest):
                continue
            number = row.get("number")
            if row.get("comments") and isinstance(number, int):
                path = f"{self.path}/issues/{number}/comments"
                row["comments"] = self.rows(self.api.get(path, {"per_page": COMMENTS}))
            found += importer.read_row(f"issue #{number}", row)
        return found

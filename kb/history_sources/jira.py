"""Jira Cloud, and Jira Data Center: the issues that a JQL query finds."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text, time_at
from common.text_files import Row
from incidents.history_rows import DEFAULTS
from kb.atlassian_api import JiraFields, atlassian_api, is_cloud
from kb.history_sources.base import (
    API_OPTIONS,
    Cursor,
    HistorySource,
    HistorySourceForm,
    Page,
    minutes_since,
    share_of_time,
)
from kb.importers.base import CannotImport, ReadResult, objects_in, text_value
from kb.importers.jira import JiraImporter
from kb.remote_api import JsonApi

PAGE, COMMENTS = 25, 100
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)
_HEADS = {
    "summary": "Summary", "description": "Description", "priority": "Priority",
    "status": "Status", "created": "Created", "resolutiondate": "Resolved",
    "resolution": "Resolution", "components": "Component/s", "labels": "Labels",
}  # fmt: skip
"""What Jira's export as CSV calls the fields of its API."""


class JiraForm(JiraFields, HistorySourceForm):
    jql = forms.CharField(
        label=_("Query (JQL)"), max_length=1000, initial="project = OPS AND issuetype = Incident"
    )
    field_order = ("url", "jql", "email")

    def clean_jql(self) -> str:
        jql: str = self.cleaned_data["jql"].strip()
        if _ORDER.search(jql):
            raise forms.ValidationError(_("Leave out ORDER BY: issues are read from old to new."))
        return jql


class Jira(HistorySource):
    """API version 2, https://developer.atlassian.com/cloud/jira/platform/rest/v2, read on
    2026-11-27. Cloud pages by `nextPageToken` of /search/jql, Data Center by `startAt` of /search.
    Times in JQL are in the zone of the account, so relative ones are used.
    """

    kind = "jira"
    title = "Jira"
    source = "jira"
    reads = _("Issues with their comments; fields are read as those of an export as CSV.")
    SettingsForm = JiraForm

    def connect(self) -> JsonApi:
        self.is_cloud = is_cloud(self.settings)
        return atlassian_api(self.settings, **API_OPTIONS)

    def probe(self) -> str:
        self.rows(self._search({"jql": self._jql(None), "maxResults": 1}), "issues")
        return gettext("The query finds issues, and they can be read.")

    def _jql(self, since: datetime | None) -> str:
        parts = [f"({self.settings['jql']})"]
        if self.settings.get("earliest"):
            parts.append(f'created >= "{self.settings["earliest"]}"')
        if since:
            parts.append(f'updated >= "-{minutes_since(since)}m"')
        return f"{' AND '.join(parts)} ORDER BY created ASC, key ASC"

    def _search(self, params: dict[str, Any]) -> Any:
        path = "/rest/api/2/search/jql" if self.is_cloud else "/rest/api/2/search"
        return self.api.get(path, {"fields": "*all", "expand": "names", **params})

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        params: dict[str, Any] = {"jql": self._jql(since), "maxResults": PAGE}
        if self.is_cloud and cursor.get("token"):
            params["nextPageToken"] = cursor["token"]
        elif not self.is_cloud:
            params["startAt"] = int(cursor.get("at", 0))
        data = self._search(params)
        rows = self.rows(data, "issues")
        start = time_at(cursor, "start") or _created(rows[:1])
        following = self._next(data, cursor, len(rows))
        if following is not None:
            following["start"] = start and start.isoformat()
        progress = share_of_time(start, _created(rows[-1:])) if start else None
        names = dig(data, "names")
        heads = names if isinstance(names, dict) else {}
        return Page([self._record(row, heads) for row in rows], following, progress)

    def _next(self, data: Any, cursor: Cursor, found: int) -> Cursor | None:
        if self.is_cloud:
            token = text(data, "nextPageToken", 2000)
            # The same token again would never end.
            return {"token": token} if token and token != cursor.get("token") else None
        at = int(cursor.get("at", 0)) + found
        total = dig(data, "total")
        return {"at": at} if found and isinstance(total, int) and at < total else None

    def _record(self, issue: dict[str, Any], heads: dict[str, Any]) -> ReadResult:
        key = text(issue, "key", 100)
        place = f"issue {key}"
        fields = dig(issue, "fields")
        if not key or not isinstance(fields, dict):
            return place, "it has no key or no fields"
        row = _row(key, fields, heads)
        row["Comment"] = self._comments(key, fields)
        try:
            record = JiraImporter().record(row, DEFAULTS, {})
        except (CannotImport, ValidationError) as error:
            return place, " ".join(getattr(error, "messages", [str(error)]))
        record.external_url = f"{self.api.base}/browse/{quote(key)}"
        return place, record

    def _comments(self, key: str, fields: dict[str, Any]) -> list[str]:
        """As “time;author;text”; the search gives the first ones of an issue only."""
        rows, total = objects_in(dig(fields, "comment.comments")), dig(fields, "comment.total")
        if isinstance(total, int) and total > len(rows):
            path = f"/rest/api/2/issue/{quote(key, safe='')}/comment"
            rows = self.rows(self.api.get(path, {"maxResults": COMMENTS}), "comments")
        return [";".join(_comment(each)) for each in rows]


def _comment(row: dict[str, Any]) -> tuple[str, str, str]:
    author = text(row, "author.displayName", 100).replace(";", ",")
    return text(row, "created", 60), author, text_value(row.get("body"))


def _created(rows: list[dict[str, Any]]) -> datetime | None:
    return time_at(rows[0], "fields.created") if rows else None


def _row(key: str, fields: dict[str, Any], heads: dict[str, Any]) -> Row:
    """An issue as a row of Jira's export as CSV."""
    row: Row = {"Issue key": key}
    for name, value in fields.items():
        head = _HEADS.get(name, "")
        if not head and name.startswith("customfield_") and heads.get(name):
            head = f"Custom field ({text(heads, name, 100)})"
        cell = _cell(value)
        if head and cell:
            row[head] = cell
    return row


def _cell(value: Any) -> str | list[str]:
    """A value of a field: text, the name of an object, or those of a list."""
    if isinstance(value, list):
        return [str(_cell(each)) for each in value if _cell(each)]
    if isinstance(value, dict):
        return next((text_value(value[n]) for n in ("value", "name") if value.get(n)), "")
    return text_value(value) if not isinstance(value, bool) else ""

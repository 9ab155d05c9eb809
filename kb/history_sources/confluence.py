"""Confluence Cloud, and Confluence Data Center: pages of a space with a label, as postmortems."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import datetime
from html import escape
from os import utime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text, time_at
from common.site_url import public_url
from kb.atlassian_api import ConfluenceFields, atlassian_api, read_space
from kb.history_sources.base import (
    API_OPTIONS,
    Cursor,
    HistorySource,
    HistorySourceForm,
    Page,
    minutes_since,
    share_of_time,
)
from kb.importers.base import ImportedIncident, ReadResult, text_value
from kb.importers.files import UNKNOWN_MTIME
from kb.importers.html import HtmlImporter
from kb.remote_api import WRITTEN_HERE, JsonApi

PAGE = 20
_NAME = r"^[A-Za-z0-9_~.-]{1,200}$"
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9]+")


class ConfluenceForm(ConfluenceFields, HistorySourceForm):
    label = forms.RegexField(
        _NAME, label=_("Label"), required=False, initial="postmortem",
        help_text=_("Only pages with it. Empty for all pages of the space."),
    )  # fmt: skip
    field_order = ("url", "space", "label", "email")


class Confluence(HistorySource):
    """Content search of REST API v1, https://developer.atlassian.com/cloud/confluence/rest/v1, read
    on 2026-11-27. Cloud pages by the cursor in its link to the next page, of which nothing else is
    used; Data Center by `start`. Times in CQL are in the zone of the account, so `now("-9m")` is.
    """

    kind = "confluence"
    title = "Confluence pages"
    source = "html"
    reads = _("Pages as published postmortems, read as an exported space.")
    SettingsForm = ConfluenceForm

    def connect(self) -> JsonApi:
        return atlassian_api(self.settings, **API_OPTIONS)

    def probe(self) -> str:
        found = read_space(self.api, self.settings)
        return gettext("The space “%(name)s” can be read.") % {
            "name": text(found, "name") or self.settings["space"]
        }

    def _cql(self, since: datetime | None) -> str:
        # The form lets nothing through that could end a text.
        parts = ["type = page", f'space = "{self.settings["space"]}"']
        if self.settings.get("label"):
            parts.append(f'label = "{self.settings["label"]}"')
        if self.settings.get("earliest"):
            parts.append(f'created >= "{self.settings["earliest"]}"')
        if since:
            parts.append(f'lastmodified >= now("-{minutes_since(since)}m")')
        return f"{' AND '.join(parts)} order by created asc"

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        params: dict[str, Any] = {
            "cql": self._cql(since), "limit": PAGE, "expand": "body.export_view,version,history",
        }  # fmt: skip
        params |= {name: cursor[name] for name in ("cursor", "start") if name in cursor}
        data = self.api.get("/rest/api/content/search", params)
        rows = self.rows(data, "results")
        first = time_at(cursor, "first") or (_created(rows[0]) if rows else None)
        following = self._next(data, cursor, len(rows))
        if following is not None:
            following["first"] = first and first.isoformat()
        reached = _created(rows[-1]) if rows else None
        progress = share_of_time(first, reached) if first else None
        return Page([r for row in rows for r in self._read(row)], following, progress)

    def _next(self, data: Any, cursor: Cursor, found: int) -> Cursor | None:
        link = text(data, "_links.next", 4000)
        if not link or not found:
            return None
        token = parse_qs(urlsplit(link).query).get("cursor", [""])[0]
        if token:
            return {"cursor": token} if token != cursor.get("cursor") else None
        return {"start": int(cursor.get("start", 0)) + found}

    def _read(self, page: dict[str, Any]) -> Iterator[ReadResult]:
        """The page by way of a file as Confluence exports it: the same reader, the same id."""
        key, title = text(page, "id", 20), text(page, "title")
        place = f"page “{title[:80]}”"
        if not _ID.fullmatch(key) or not title:
            yield place, "it has no id or no title"
            return
        body = text_value(dig(page, "body.export_view.value"))
        if WRITTEN_HERE in body and f"{public_url()}/knowledge/postmortems/" in body:
            return  # A copy of one of ours.
        with tempfile.TemporaryDirectory(prefix="pages-") as folder:
            file = Path(folder, exported_name(title, key))
            file.write_text(_document(page, title, body))
            utime(file, (UNKNOWN_MTIME, UNKNOWN_MTIME))
            for _, record in HtmlImporter().read(file):
                if isinstance(record, ImportedIncident):
                    record.external_url = f"{self.api.base}/pages/viewpage.action?pageId={key}"
                    record.published_at = _created(page)
                yield place, record


def _created(page: dict[str, Any]) -> datetime | None:
    return time_at(page, "history.createdDate")


def _document(page: dict[str, Any], title: str, body: str) -> str:
    changed = time_at(page, "version.when")
    stamp = f"last modified on {changed:%Y-%m-%d}" if changed else ""
    return (
        f"<html><head><title>{escape(title)}</title></head><body>"
        f"<h1 id='title-text'>{escape(title)}</h1><div class='page-metadata'>{stamp}</div>"
        f'<div id="main-content">{body}</div>'
        "</body></html>"
    )


def exported_name(title: str, key: str) -> str:
    """The name of the file in which an exported space has a page.

    >>> exported_name("Orders down", "98305")
    'Orders-down_98305.html'
    """
    words = _NOT_IN_FILE_NAMES.sub("-", title).strip("-")[:150]
    return f"{words}_{key}.html" if title.isascii() and words else f"{key}.html"

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from django.utils.translation import gettext_lazy as _
from markdownify import MarkdownConverter

from common.times import first_date_in
from kb.importers.base import CannotImport, ImportedIncident, ReadResult, text_of
from kb.importers.files import (
    MAX_DATE_SEARCH,
    FolderImporter,
    refuse_other_documents,
    set_start_from_text,
)
from kb.importers.html_headings import headings_of_toggles, text_in
from kb.importers.incident_logs import entries_of
from kb.importers.log_records import records_of_log
from kb.importers.postmortem_text import read_report, without_title
from kb.importers.report_fields import add_time_of_title, read_fields
from kb.importers.status_page_html import rows_of_status_page
from kb.importers.statuspage import StatuspageImporter

_MAIN = ("#main-content", "main", "article", "#content", "body")
MAX_TAGS, MAX_UNCLOSED = 100_000, 20
_ANCHORS = ", ".join(f'h{level} a[href^="#"]' for level in range(1, 7))
"""What generators of pages set beside a heading: a sign that links to it."""
_BREADCRUMB = re.compile(r"^.{0,200}? : ")


class HtmlImporter(FolderImporter):
    """A space that Confluence exported as HTML, or any folder of pages."""

    kind = "html"
    title = "Confluence or other HTML"
    accepts = _("a folder of .html files, one incident each or a log of several")

    suffixes = (".html", ".htm")

    def records(self, file: Path, name: str) -> Iterator[ReadResult]:
        try:
            yield from self._records(file, name)
        except RecursionError:
            raise CannotImport("its tags are nested too deeply") from None

    def _records(self, file: Path, name: str) -> Iterator[ReadResult]:
        page = _page_of(text_of(file))
        if rows := list(rows_of_status_page(page)):
            for title, row in rows:
                place = f"{name}, “{title[:80]}”"
                yield from StatuspageImporter(options=self.options).read_row(place, row)
            return
        if page.select_one("[data-react-class=HistoryIndex]"):
            raise CannotImport(
                "a script fills this page of Statuspage: save /api/v2/incidents.json of its site, "
                "and import that as statuspage"
            )
        main = next((found for where in _MAIN if (found := page.select_one(where))), None)
        named, title = _title_of(page)
        heads = main.select("h1") if main else []
        # The first of several headings is the title only where something else says so.
        if heads and text_in(heads[0]) == title and (named or len(heads) == 1):
            heads[0].decompose()
        body = _markdown_of(main) if main else ""
        about = f"{title if named or len(heads) == 1 else ''} {file.stem}"
        if log := entries_of(body, about, self.options.order):
            yield from records_of_log(file, name, log, self.options)
        elif file.name.lower() in ("index.html", "index.htm"):
            raise CannotImport("it is the folder's index")
        else:
            title = title or file.stem
            yield name, self._record(file, name, page, title, without_title(body, title))

    def _record(
        self, file: Path, name: str, page: BeautifulSoup, title: str, body: str
    ) -> ImportedIncident:
        report = read_report(body)
        refuse_other_documents(file, title, body, report)
        record = ImportedIncident(external_id=name, title=title, body=body, body_title=title)
        add_time_of_title(report, title)
        stamp = page.select_one("time[datetime]")
        stamped = f"{stamp['datetime']}" if stamp else ""
        prose = f"{name}\n{stamped}\n{title}\n{body[:MAX_DATE_SEARCH]}\n"
        read_fields(record, {}, report, prose, self.options)
        if record.impact_started_at is None:
            meta = page.select_one(".page-metadata, .last-modified")
            changed = meta.get_text(" ") if meta else ""
            what = "pages have no start of impact"
            set_start_from_text(record, file, prose + changed, what, self.options)
            if changed and first_date_in(prose) is None and first_date_in(changed):
                record.guessed_times["impact_started_at"] = "the day when the page was changed"
        return record


def _page_of(text: str) -> BeautifulSoup:
    _refuse_what_takes_for_ever(text)
    page = BeautifulSoup(text, "html.parser")
    for part in page(["script", "style", "nav"]):
        part.decompose()
    for task in page.select("li.checked"):
        task.insert(0, "[x] ")
    for link in page.select(_ANCHORS):
        if not any(letter.isalnum() for letter in link.get_text()):
            link.decompose()
    headings_of_toggles(page)
    return page


def _markdown_of(main: Tag) -> str:
    body = MarkdownConverter(heading_style="ATX", strip=["img"]).convert_soup(main)
    return re.sub(r"\n{3,}", "\n\n", body).strip()


def _refuse_what_takes_for_ever(text: str) -> None:
    """Raises CannotImport: for each tag that is never closed, Python reads to the end again."""
    if text.count("<") > MAX_TAGS:
        raise CannotImport(f"it has over {MAX_TAGS:,} tags; import it in parts")
    for begin, end in (("<", ">"), ("<!--", "-->"), ("<![", "]")):
        if text.count(begin, text.rfind(end) + 1) > MAX_UNCLOSED:
            raise CannotImport("its tags are not closed")


def _title_of(page: BeautifulSoup) -> tuple[bool, str]:
    """Whether the page has a title beside its headings; and it, or else the first heading.

    The name of the space before it is left out.
    """
    own = page.select_one("#title-text, title, p.title, h1.page-title")
    found = own if own and text_in(own) else page.select_one("h1")
    title = _BREADCRUMB.sub("", text_in(found)[:300]).strip() if found else ""
    return found is own, title

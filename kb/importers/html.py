from __future__ import annotations

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from django.utils.translation import gettext_lazy as _
from markdownify import MarkdownConverter

from common.times import first_date_in
from kb.importers.base import CannotImport, ImportedIncident, text_of
from kb.importers.files import (
    MAX_DATE_SEARCH,
    FolderImporter,
    refuse_other_documents,
    set_start_from_text,
)
from kb.importers.postmortem_text import read_report
from kb.importers.report_fields import read_labels, read_sections, read_times

_MAIN = ("#main-content", "main", "article", "#content", "body")
MAX_TAGS, MAX_UNCLOSED = 100_000, 20
_BREADCRUMB = re.compile(r"^.{0,200}? : ")


class HtmlImporter(FolderImporter):
    """A space that Confluence exported as HTML, or any folder of pages."""

    kind = "html"
    title = "Confluence or other HTML"
    accepts = _("a folder of .html files")

    suffixes = (".html", ".htm")

    def record(self, file: Path, name: str) -> ImportedIncident:
        if file.name.lower() in ("index.html", "index.htm"):
            raise CannotImport("it is the folder's index")
        try:
            return self._record(file, name)
        except RecursionError:
            raise CannotImport("its tags are nested too deeply") from None

    def _record(self, file: Path, name: str) -> ImportedIncident:
        text = text_of(file)
        _refuse_what_takes_for_ever(text)
        page = BeautifulSoup(text, "html.parser")
        for part in page(["script", "style", "nav"]):
            part.decompose()
        main = next((found for where in _MAIN if (found := page.select_one(where))), None)
        title = _title_of(page) or file.stem
        heading = main.find("h1") if main else None
        if isinstance(heading, Tag) and " ".join(heading.get_text(" ").split()) == title:
            heading.decompose()
        for task in page.select("li.checked"):
            task.insert(0, "[x] ")
        converter = MarkdownConverter(heading_style="ATX", strip=["img"])
        body = converter.convert_soup(main) if main else ""
        body = re.sub(r"\n{3,}", "\n\n", body).strip()
        report = read_report(body)
        refuse_other_documents(file, title, body, report)
        record = ImportedIncident(external_id=name, title=title, body=body, body_title=title)
        stamp = page.select_one("time[datetime]")
        stamped = f"{stamp['datetime']}" if stamp else ""
        prose = f"{name}\n{stamped}\n{title}\n{body[:MAX_DATE_SEARCH]}\n"
        read_times(record, {}, report, prose, self.options)
        read_labels(record, report)
        read_sections(record, report, self.options.order)
        if record.impact_started_at is None:
            meta = page.select_one(".page-metadata, .last-modified")
            changed = meta.get_text(" ") if meta else ""
            what = "pages have no start of impact"
            set_start_from_text(record, file, prose + changed, what, self.options)
            if changed and first_date_in(prose) is None and first_date_in(changed):
                record.guessed_times["impact_started_at"] = "the day when the page was changed"
        return record


def _refuse_what_takes_for_ever(text: str) -> None:
    """Raises CannotImport: for each tag that is never closed, Python reads to the end again."""
    if text.count("<") > MAX_TAGS:
        raise CannotImport(f"it has over {MAX_TAGS:,} tags; import it in parts")
    for begin, end in (("<", ">"), ("<!--", "-->"), ("<![", "]")):
        if text.count(begin, text.rfind(end) + 1) > MAX_UNCLOSED:
            raise CannotImport("its tags are not closed")


def _title_of(page: BeautifulSoup) -> str:
    """The title without the name of the space before it."""
    found = page.select_one("#title-text, h1, title")
    text = " ".join(found.get_text(" ").split())[:300] if found else ""
    return _BREADCRUMB.sub("", text).strip()

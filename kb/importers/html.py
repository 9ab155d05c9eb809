from __future__ import annotations

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from kb.importers.base import CannotImport, ImportedIncident, text_of
from kb.importers.files import MAX_DATE_SEARCH, FolderImporter, set_start_from_text

_MAIN = ("#main-content", "main", "article", "#content", "body")
_BREADCRUMB = re.compile(r"^.*? : ")


class HtmlImporter(FolderImporter):
    """A space that Confluence exported as HTML, or any folder of pages."""

    kind = "html"
    title = "Confluence or other HTML"
    accepts = "a folder of .html files"

    suffixes = (".html", ".htm")

    def record(self, file: Path, name: str) -> ImportedIncident:
        return _record(file, name)


def _record(file: Path, name: str) -> ImportedIncident:
    if file.name.lower() in ("index.html", "index.htm"):
        raise CannotImport("it is the folder's index")
    page = BeautifulSoup(text_of(file), "html.parser")
    for part in page(["script", "style", "nav"]):
        part.decompose()
    main = next((found for where in _MAIN if (found := page.select_one(where))), None)
    title = page.select_one("#title-text, h1, title")
    title_text = _BREADCRUMB.sub("", " ".join(title.get_text(" ").split())) if title else file.stem
    heading = main.find("h1") if main else None
    if isinstance(heading, Tag) and " ".join(heading.get_text(" ").split()) == title_text:
        heading.decompose()
    body = MarkdownConverter(heading_style="ATX", strip=["img"]).convert_soup(main) if main else ""
    body = re.sub(r"\n{3,}", "\n\n", body).strip()
    if not body:
        raise CannotImport("it has no text")
    record = ImportedIncident(external_id=name, title=title_text, body=body, body_title=title_text)
    stamp = page.select_one("time[datetime]")
    meta = page.select_one(".page-metadata, .last-modified")
    searched = f"{stamp['datetime'] if stamp else ''}\n{title_text}\n{body[:MAX_DATE_SEARCH]}\n"
    searched += meta.get_text(" ") if meta else ""
    set_start_from_text(record, file, searched, "pages have no start of impact")
    return record

from __future__ import annotations

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from kb.importers.base import Record, Refused, text_of
from kb.importers.files import LOOKED_AT, FolderImporter, date_it

_MAIN = ("#main-content", "main", "article", "#content", "body")
_BREADCRUMB = re.compile(r"^.*? : ")


class HtmlImporter(FolderImporter):
    """A space that Confluence exported as HTML, or any folder of pages."""

    kind = "html"
    title = "Confluence or other HTML"
    takes = "a folder of .html files"

    suffixes = (".html", ".htm")

    def record(self, file: Path, name: str) -> Record:
        return _record(file, name)


def _record(file: Path, name: str) -> Record:
    if file.name.lower() in ("index.html", "index.htm"):
        raise Refused("it is the folder's index")
    page = BeautifulSoup(text_of(file), "html.parser")
    for part in page(["script", "style", "nav"]):
        part.decompose()
    main = next((found for where in _MAIN if (found := page.select_one(where))), None)
    title = page.select_one("#title-text, h1, title")
    words = _BREADCRUMB.sub("", " ".join(title.get_text(" ").split())) if title else file.stem
    heading = main.find("h1") if main else None
    if isinstance(heading, Tag) and " ".join(heading.get_text(" ").split()) == words:
        heading.decompose()
    body = MarkdownConverter(heading_style="ATX", strip=["img"]).convert_soup(main) if main else ""
    body = re.sub(r"\n{3,}", "\n\n", body).strip()
    if not body:
        raise Refused("it has no text")
    record = Record(external_id=name, title=words, body=body, body_title=words)
    stamp = page.select_one("time[datetime]")
    meta = page.select_one(".page-metadata, .last-modified")
    told = f"{stamp['datetime'] if stamp else ''}\n{words}\n{body[:LOOKED_AT]}\n"
    told += meta.get_text(" ") if meta else ""
    date_it(record, file, told, "pages have no start of impact")
    return record

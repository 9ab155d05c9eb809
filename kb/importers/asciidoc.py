from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from kb.importers.asciidoc_markup import asciidoc_to_markdown
from kb.importers.base import text_of
from kb.importers.markdown import MarkdownImporter


class AsciidocImporter(MarkdownImporter):
    """Documents of Antora and others: read as Markdown once they are converted."""

    kind = "asciidoc"
    title = "AsciiDoc postmortems"
    accepts = _("a folder of .adoc files, one incident each or a log of several")

    suffixes = (".adoc", ".asciidoc", ".asc")

    def document(self, file: Path) -> tuple[dict[str, Any], str, list[str]]:
        converted = asciidoc_to_markdown(text_of(file))
        return {}, converted.text, converted.notes()

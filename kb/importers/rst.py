from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from kb.importers.base import text_of
from kb.importers.markdown import MarkdownImporter
from kb.importers.rst_markup import rst_to_markdown


class RstImporter(MarkdownImporter):
    """Documents of Sphinx and others: read as Markdown once they are converted."""

    kind = "rst"
    title = "reStructuredText postmortems"
    accepts = _("a folder of .rst files, one incident each or a log of several")

    suffixes = (".rst", ".rest")

    def document(self, file: Path) -> tuple[dict[str, Any], str, list[str]]:
        converted = rst_to_markdown(text_of(file))
        return {}, converted.text, converted.notes()

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import typst

from common.site_url import public_url
from common.viewer import Viewer
from kb.exporters.base import ACTION_HEAD, Exporter, action_rows, postmortem_facts
from kb.exporters.typst_markup import TypstWriter, content, literal
from kb.models import Postmortem
from kb.postmortems import images
from kb.postmortems.picture_files import EXTENSIONS, can_be_drawn

_STYLE = """
#set page(paper: "a4", margin: (x: 2.2cm, top: 2.2cm, bottom: 2.4cm), numbering: "1 / 1")
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: 10.5pt, lang: "en")
#set par(justify: false, leading: 0.62em)
#set table(stroke: 0.5pt + luma(190), inset: 5pt)
#show link: set text(fill: rgb("#1f4f9c"))
#show heading: set block(above: 1.4em, below: 0.7em)
#show raw.where(block: true): block.with(fill: luma(244), inset: 8pt, radius: 3pt, width: 100%)
#show raw: set text(size: 9pt)
#show quote.where(block: true): set pad(left: 1em)
"""


class PdfExporter(Exporter):
    """Made by Typst: charts, pasted pictures and fonts are embedded."""

    kind = "pdf"
    title = "PDF"
    extension = "pdf"
    content_type = "application/pdf"

    def export(self, postmortem: Postmortem, user: Viewer) -> bytes:
        with tempfile.TemporaryDirectory(prefix="causebook-pdf-") as name:
            folder = Path(name)

            @cache
            def picture(path: str) -> str | None:
                found = images.find_image(path, user)
                if found is None or not can_be_drawn(found.body, found.content_type):
                    return None
                stored = folder / f"{len(list(folder.iterdir()))}.{EXTENSIONS[found.content_type]}"
                stored.write_bytes(found.body)
                return stored.name

            writer = TypstWriter(picture, public_url())
            source = folder / "postmortem.typ"
            source.write_text(self._document(postmortem, writer), encoding="utf-8")
            # The root restricts Typst to this folder.
            return bytes(typst.compile(str(source), root=name))

    def _document(self, postmortem: Postmortem, writer: TypstWriter) -> str:
        title = literal(postmortem.title)
        facts = "".join(
            f"text(fill: luma(90), {literal(label)}), {literal(words)}, "
            for label, words in postmortem_facts(postmortem)
        )
        parts = [
            _STYLE,
            f"#set document(title: {title})",
            f"#text(size: 18pt, weight: 700, {title})",
            f"#grid(columns: (auto, 1fr), column-gutter: 1.2em, row-gutter: 0.45em, {facts})",
            "#line(length: 100%, stroke: 0.5pt + luma(190))",
            writer.markup(postmortem.body),
        ]
        actions = action_rows(postmortem)
        if actions:
            cells = "".join(f"strong[{content(word)}], " for word in ACTION_HEAD)
            cells += "".join(f"[{content(cell)}], " for row in actions for cell in row)
            parts += [
                "#heading(level: 2)[Action items]",
                f"#table(columns: (1fr, auto, auto, auto, auto), {cells})",
            ]
        return "\n\n".join(parts)

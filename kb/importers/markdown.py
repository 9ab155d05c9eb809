from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import frontmatter

from incidents.history_import import names_of, time_of
from kb.importers.base import Record, Refused, first, text_of, words
from kb.importers.files import LOOKED_AT, FolderImporter, date_it

_TITLE = re.compile(r"^\s*#\s+(.+?)\s*#*\s*$", re.MULTILINE)


class MarkdownImporter(FolderImporter):
    kind = "markdown"
    title = "Markdown postmortems"
    takes = "a folder of .md files, with or without front matter"

    suffixes = (".md", ".markdown")

    def record(self, file: Path, name: str) -> Record:
        head, body = frontmatter.parse(text_of(file))
        if not isinstance(head, dict):
            raise Refused("its front matter is no list of keys and values")

        def given(field: str, *keys: str) -> Any:
            return first(head, self.mapping[field]) if field in self.mapping else first(head, *keys)

        title = words(given("title", "title", "name", "summary"))
        heading = _TITLE.search(body)
        if not title and heading:
            title = heading[1]
        if heading and heading[1].strip() == title:
            body = body[: heading.start()] + body[heading.end() :]
        title = title or file.stem.replace("-", " ").replace("_", " ").strip()
        record = Record(
            external_id=words(given("external_id", "id", "uuid", "key")) or name,
            title=title,
            severity=words(given("severity", "severity", "impact", "priority")),
            services=names_of(given("services", "services", "service", "components", "product")),
            external_url=words(given("url", "url", "link", "source")),
            symptom=words(given("symptom", "summary", "description", "symptom")),
            resolution=words(given("resolution", "resolution", "fix")),
            body=body.strip(),
            body_title=title,
        )
        categories = names_of(given("causes", "causes", "categories", "category", "root_cause"))
        record.causes = [(category, category) for category in categories]
        for field, keys in (
            ("impact_started_at", ("impact_started_at", "started_at", "start", "date", "created")),
            ("detected_at", ("detected_at",)),
            ("mitigated_at", ("mitigated_at",)),
            ("resolved_at", ("resolved_at", "end", "ended_at")),
            ("published_at", ("published_at", "published")),
        ):
            setattr(record, field, time_of(field, given(field, *keys)))
        if record.impact_started_at is None:
            text = f"{name}\n{title}\n{body[:LOOKED_AT]}"
            date_it(record, file, text, "no date in its front matter")
        if not record.body:
            raise Refused("it has no text")
        return record

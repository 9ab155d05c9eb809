from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import frontmatter

from incidents.history_import import names_of, time_of
from kb.importers.base import CannotImport, ImportedIncident, first_value, text_of, text_value
from kb.importers.files import MAX_DATE_SEARCH, FolderImporter, set_start_from_text

_TITLE = re.compile(r"^\s*#\s+(.+?)\s*#*\s*$", re.MULTILINE)


class MarkdownImporter(FolderImporter):
    kind = "markdown"
    title = "Markdown postmortems"
    accepts = "a folder of .md files, with or without front matter"

    suffixes = (".md", ".markdown")

    def record(self, file: Path, name: str) -> ImportedIncident:
        head, body = frontmatter.parse(text_of(file))
        if not isinstance(head, dict):
            raise CannotImport("its front matter is no list of keys and values")

        def given(field: str, *keys: str) -> Any:
            return (
                first_value(head, self.mapping[field])
                if field in self.mapping
                else first_value(head, *keys)
            )

        title = text_value(given("title", "title", "name", "summary"))
        heading = _TITLE.search(body)
        if not title and heading:
            title = heading[1]
        if heading and heading[1].strip() == title:
            body = body[: heading.start()] + body[heading.end() :]
        title = title or file.stem.replace("-", " ").replace("_", " ").strip()
        record = ImportedIncident(
            external_id=text_value(given("external_id", "id", "uuid", "key")) or name,
            title=title,
            severity=text_value(given("severity", "severity", "impact", "priority")),
            services=names_of(given("services", "services", "service", "components", "product")),
            external_url=text_value(given("url", "url", "link", "source")),
            symptom=text_value(given("symptom", "summary", "description", "symptom")),
            resolution=text_value(given("resolution", "resolution", "fix")),
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
            text = f"{name}\n{title}\n{body[:MAX_DATE_SEARCH]}"
            set_start_from_text(record, file, text, "no date in its front matter")
        if not record.body:
            raise CannotImport("it has no text")
        return record

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from incidents.history_rows import canonical_head, names_of
from kb.importers.base import (
    CannotImport,
    ImportedIncident,
    ReadResult,
    first_value,
    text_of,
    text_value,
)
from kb.importers.files import (
    MAX_DATE_SEARCH,
    FolderImporter,
    fill_from_report,
    refuse_announcements,
    refuse_other_documents,
)
from kb.importers.front_matter import split_front_matter
from kb.importers.incident_logs import entries_of
from kb.importers.log_records import records_of_log
from kb.importers.postmortem_text import read_report, without_comments, without_title
from kb.importers.report_fields import (
    add_time_of_title,
    head_values,
    published_at,
)

_ABOUT_ONE = {"severity", "impact_started_at", "resolved_at", "duration"}
"""What the head of a document says of a single incident; logs have a date there too."""


class MarkdownImporter(FolderImporter):
    kind = "markdown"
    title = "Markdown postmortems"
    accepts = _(
        "a folder of .md files, one incident each or a log of several, with or without a head"
    )

    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mdx")

    def document(self, file: Path) -> tuple[dict[str, Any], str, list[str]]:
        """The head of a file, its text in Markdown, and what of it was not taken."""
        return *split_front_matter(text_of(file)), []

    def records(self, file: Path, name: str) -> Iterator[ReadResult]:
        head, body, notes = self.document(file)
        title = f"{read_report(body).title} {file.stem}"
        own = head_values(head, self.mapping)
        log = [] if _ABOUT_ONE & own.keys() else entries_of(body, title, self.options.order)
        if log:
            yield from records_of_log(file, name, log, self.options)
            return
        record = self._record(file, name, head, body)
        record.notes += notes
        yield name, record

    def _record(
        self, file: Path, name: str, head: Mapping[str, Any], body: str
    ) -> ImportedIncident:
        if not body.strip():
            raise CannotImport("it has no text" if head else "it is empty")
        lower = {canonical_head(str(key)): value for key, value in head.items()}

        def given(field: str, *keys: str) -> Any:
            if field in self.mapping:
                return first_value(head, self.mapping[field])
            return first_value(lower, *keys)

        report = read_report(body)
        title = text_value(given("title", "title", "name", "summary"))
        body = without_title(body, title or report.title)
        title = title or report.title
        values = head_values(head, self.mapping)
        refuse_announcements(head)
        refuse_other_documents(file, title, body, report, values)
        title = title or file.stem.replace("-", " ").replace("_", " ").strip()
        record = ImportedIncident(
            external_id=text_value(given("external_id", "id", "uuid", "key")) or name,
            title=title,
            severity=text_value(given("severity", "severity", "sev", "impact", "priority")),
            services=names_of(
                given("services", "services", "service", "affected_services", "components",
                      "product", "affected")
            ),
            mentions=names_of(given("mentions", "tags", "labels")),
            external_url=text_value(given("url", "url", "link", "source")),
            symptom=text_value(given("symptom", "summary", "description", "symptom")),
            resolution=text_value(given("resolution", "resolution", "fix")),
            body=body.strip(),
            body_title=title,
            published_at=published_at(lower),
        )  # fmt: skip
        record.severity = record.severity or text_value(values.get("severity"))
        record.services = record.services or names_of(values.get("services"))
        categories = names_of(
            given("causes", "causes", "cause", "categories", "category", "root_cause")
        )
        record.causes = [(category, category) for category in categories]
        add_time_of_title(report, title)
        prose = f"{name}\n{title}\n{without_comments(body[:MAX_DATE_SEARCH])}"
        fill_from_report(record, file, values, report, prose, self.options)
        return record

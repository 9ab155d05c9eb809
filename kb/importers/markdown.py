from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import frontmatter
import yaml
from django.core.exceptions import ValidationError

from incidents.importing import moment_of, names_of
from kb.importers.base import Importer, Read, Record, Refused, files_below, first, text_of, words

_TITLE = re.compile(r"^\s*#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d-\d\d-\d\d)(?!\d)")
_SPOKEN = re.compile(
    r"\b(January|February|March|April|May|June|July|August|September|October|November|December)"
    r"\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b|"
    r"\b(\d{1,2})(?:st|nd|rd|th)?\s+(January|February|March|April|May|June|July|August|September|"
    r"October|November|December),?\s+((?:19|20)\d\d)\b",
    re.IGNORECASE,
)
LOOKED_AT = 3000
"""Characters of a text in which a date is looked for."""


class MarkdownImporter(Importer):
    """One incident and its published postmortem a file."""

    kind = "markdown"
    title = "Markdown postmortems"
    takes = "a folder of .md files, with or without front matter"

    def read(self, path: Path) -> Iterator[Read]:
        files = files_below(path, ".md", ".markdown")
        if not files:
            raise Refused(f"There is no .md file in {path}.")
        for file in files:
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            try:
                yield name, self._record(file, name)
            except (Refused, ValidationError, yaml.YAMLError) as error:
                yield name, " ".join(str(getattr(error, "messages", error)).split())

    def _record(self, file: Path, name: str) -> Record:
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
            url=words(given("url", "url", "link", "source")),
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
            setattr(record, field, _moment(field, given(field, *keys)))
        if record.impact_started_at is None:
            found = date_in(f"{name}\n{title}\n{body[:LOOKED_AT]}")
            record.impact_started_at = found or datetime.fromtimestamp(file.stat().st_mtime, UTC)
            told = "the first date in its text" if found else "the time of the file"
            record.notes.append(f"no date in its front matter: {told} stands in")
        if not record.body:
            raise Refused("it has no text")
        return record


def _moment(field: str, value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str) and _ISO.fullmatch(value.strip()):
        return moment_of(field, f"{value.strip()}T00:00Z")
    return moment_of(field, value)


def date_in(text: str) -> datetime | None:
    iso, spoken = _ISO.search(text), _SPOKEN.search(text)
    try:
        if iso and (not spoken or iso.start() < spoken.start()):
            return datetime.fromisoformat(iso[1]).replace(tzinfo=UTC)
        if spoken:
            month, day, year = spoken.group(1, 2, 3) if spoken[1] else spoken.group(5, 4, 6)
            written = f"{day} {month.capitalize()} {year}"
            return datetime.strptime(written, "%d %B %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
    return None

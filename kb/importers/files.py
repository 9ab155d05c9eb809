"""What importers of folders share: one record a file, and a date where the file names none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import yaml
from django.core.exceptions import ValidationError

from kb.importers.base import Importer, Read, Record, Refused, files_below

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
ISO_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d-\d\d-\d\d)(?!\d)")
_SPOKEN = re.compile(
    rf"\b({_MONTHS})\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b|"
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+({_MONTHS}),?\s+((?:19|20)\d\d)\b",
    re.IGNORECASE,
)
LOOKED_AT = 3000
"""Characters of a text in which a date is looked for."""


class FolderImporter(Importer):
    """One incident and its published postmortem a file."""

    suffixes: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Iterator[Read]:
        files = files_below(path, *self.suffixes)
        if not files:
            raise Refused(f"There is no {self.suffixes[0]} file in {path}.")
        for file in files:
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            try:
                yield name, self.record(file, name)
            except (Refused, ValidationError, yaml.YAMLError) as error:
                yield name, " ".join(str(getattr(error, "messages", error)).split())

    def record(self, file: Path, name: str) -> Record:
        """What a file holds. Raises Refused or ValidationError."""
        raise NotImplementedError


def date_it(record: Record, file: Path, text: str, what: str) -> None:
    """Let the first date in `text`, else the time of the file, stand in for the start of impact."""
    found = date_in(text)
    record.impact_started_at = found or datetime.fromtimestamp(file.stat().st_mtime, UTC)
    told = "the first date in its text" if found else "the time of the file"
    record.notes.append(f"{what}: {told} stands in")


def date_in(text: str) -> datetime | None:
    iso, spoken = ISO_DAY.search(text), _SPOKEN.search(text)
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

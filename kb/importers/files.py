"""Base of importers of folders: one incident per file, and a date if the file has none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import yaml
from django.core.exceptions import ValidationError

from common.times import first_date_in
from kb.importers.base import CannotImport, ImportedIncident, Importer, ReadResult, files_below

MAX_DATE_SEARCH = 3000
"""Characters of a text that are searched for a date."""


class FolderImporter(Importer):
    """One incident and its published postmortem per file."""

    suffixes: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Iterator[ReadResult]:
        files = files_below(path, *self.suffixes)
        if not files:
            raise CannotImport(f"There is no {self.suffixes[0]} file in {path}.")
        for file in files:
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            try:
                yield name, self.record(file, name)
            except (CannotImport, ValidationError, yaml.YAMLError) as error:
                yield name, " ".join(str(getattr(error, "messages", error)).split())

    def record(self, file: Path, name: str) -> ImportedIncident:
        """The incident in a file. Raises CannotImport or ValidationError."""
        raise NotImplementedError


def set_start_from_text(record: ImportedIncident, file: Path, text: str, what: str) -> None:
    """Use the first date in `text`, else the time of the file, as the start of impact."""
    date = first_date_in(text)
    record.impact_started_at = date or datetime.fromtimestamp(file.stat().st_mtime, UTC)
    used = "the first date in its text" if date else "the time of the file"
    record.notes.append(f"{what}: {used} is used")

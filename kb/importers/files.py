"""What importers of folders share: one record a file, and a date where the file names none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import yaml
from django.core.exceptions import ValidationError

from common.times import first_date_in
from kb.importers.base import Importer, Read, Record, Refused, files_below

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
    found = first_date_in(text)
    record.impact_started_at = found or datetime.fromtimestamp(file.stat().st_mtime, UTC)
    told = "the first date in its text" if found else "the time of the file"
    record.notes.append(f"{what}: {told} stands in")

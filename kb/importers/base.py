"""The contract of importers: files of one kind in, records out. `import_runner.py` stores them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from incidents.history_import import PastIncident

MAX_BYTES = 16 * 1024 * 1024
"""Of one file."""


class CannotImport(ValueError):
    """A record, or a whole file, that cannot be imported; the message says why."""


@dataclass(frozen=True)
class ImportedAction:
    title: str
    kind: str = "prevent"
    owner: str = ""
    due_on: date | None = None
    state: str = "open"
    tracker_url: str = ""


@dataclass
class ImportedIncident(PastIncident):
    """One past incident as an importer read it, possibly with its postmortem.

    Without `impact_started_at` it is not imported.
    """

    causes: list[tuple[str, str]] = field(default_factory=list)
    """(name, category or ""): suspected causes."""
    body: str = ""
    """The postmortem in Markdown, if there is one."""
    body_title: str = ""
    published_at: datetime | None = None
    actions: list[ImportedAction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Remarks on how it was read, such as a date that was guessed."""


ReadResult = tuple[str, "ImportedIncident | str"]
"""Position (file, line), and the record or the reason why it cannot be imported."""


class Importer:
    """One kind of export. `mapping`: from our field to the column or key that holds it."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    accepts: ClassVar[str] = ""
    """What it reads, for the help: a folder of .md files, a .csv file …"""

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        self.mapping = dict(mapping or {})

    def read(self, path: Path) -> Iterator[ReadResult]:
        """Every record at `path`. Raises CannotImport if `path` is not of this kind."""
        raise NotImplementedError


class JsonImporter(Importer):
    """An export as JSON: `lists` are the keys that may hold its rows."""

    lists: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Iterator[ReadResult]:
        for position, row in json_rows(path, *self.lists):
            try:
                yield position, self.record(row)
            except CannotImport as error:
                yield position, str(error)
            except ValidationError as error:
                yield position, "; ".join(error.messages)

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        """The incident in a row. Raises CannotImport or ValidationError."""
        raise NotImplementedError


def text_of(path: Path) -> str:
    """A file's text. Raises CannotImport when it is too large."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CannotImport(f"has {size / 2**20:.0f} MB; up to {MAX_BYTES // 2**20} MB are read")
    return path.read_text(encoding="utf-8-sig", errors="replace").replace("\x00", "")


def files_below(path: Path, *suffixes: str) -> list[Path]:
    """Files with these suffixes in a folder and below, by name; or the file itself.

    Links that lead out of the folder are not followed.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CannotImport(f"There is no file or folder {path}.")
    root = path.resolve()
    files = (each for each in path.rglob("*") if each.suffix.lower() in suffixes and each.is_file())
    return sorted(each for each in files if each.resolve().is_relative_to(root))


def first_value(row: Mapping[str, Any], *keys: str) -> Any:
    """The first value that is not empty; a key with dots is a path into nested objects."""
    for key in keys:
        value: Any = row
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value not in (None, "", [], {}):
            return value
    return None


def json_rows(path: Path, *keys: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects of JSON files: a list, an object with a list under one of `keys`, or JSON lines.

    Raises CannotImport if a file is not JSON or has no such list.
    """
    for file in files_below(path, ".json", ".jsonl"):
        content = text_of(file)
        try:
            value = json.loads(content)
        except ValueError:
            try:
                value = [json.loads(line) for line in content.splitlines() if line.strip()]
            except ValueError as error:
                raise CannotImport(f"{file.name} is not JSON: {error}") from None
        if isinstance(value, dict):
            rows = next((value[key] for key in keys if isinstance(value.get(key), list)), None)
            value = rows if rows is not None else ([value] if "id" in value else None)
        if not isinstance(value, list):
            raise CannotImport(f"{file.name} has no list{' called ' + ' or '.join(keys)}.")
        for number, row in enumerate(value, 1):
            yield f"{file.name}, number {number}", row if isinstance(row, dict) else {}


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; nothing if it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_value(value: Any) -> str:
    """A value as trimmed text; None is empty."""
    return "" if value is None else str(value).replace("\x00", "").strip()

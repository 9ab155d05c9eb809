"""The contract of importers: files of one kind in, records out; `import_runner` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from incidents.history_import import PastIncident

MOST_BYTES = 16 * 1024 * 1024
"""Of one file."""


class Refused(ValueError):
    """A row that cannot be taken; the message says why."""


@dataclass(frozen=True)
class ImportedAction:
    title: str
    kind: str = "prevent"
    owner: str = ""
    due_on: date | None = None
    state: str = "open"
    tracker_url: str = ""


@dataclass
class Record(PastIncident):
    """One past incident as an importer read it, possibly with the text that was written on it.

    Without `impact_started_at` its time is unknown, and it is refused.
    """

    causes: list[tuple[str, str]] = field(default_factory=list)
    """(name, category or ""); they become suspected causes"""
    body: str = ""
    """the postmortem in Markdown, if there is one"""
    body_title: str = ""
    published_at: datetime | None = None
    actions: list[ImportedAction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """what the person should know of how it was read, such as a date that was guessed"""


Read = tuple[str, "Record | str"]
"""Where a record stands (file, line), and the record or why it cannot be taken."""


class Importer:
    """One kind of export. `mapping` says which column or key holds which field of Record."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    takes: ClassVar[str] = ""
    """In words, for the help: a folder of .md files, a .csv file …"""

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        self.mapping = dict(mapping or {})

    def read(self, path: Path) -> Iterator[Read]:
        """Every record at `path`. Raises Refused when `path` is not of this kind at all."""
        raise NotImplementedError


class JsonImporter(Importer):
    """An export as JSON: `lists` are the keys under which its rows may stand."""

    lists: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Iterator[Read]:
        for place, row in json_rows(path, *self.lists):
            try:
                yield place, self.record(row)
            except Refused as error:
                yield place, str(error)
            except ValidationError as error:
                yield place, "; ".join(error.messages)

    def record(self, row: dict[str, Any]) -> Record:
        """What a row holds. Raises Refused or ValidationError."""
        raise NotImplementedError


def text_of(path: Path) -> str:
    """A file's text. Raises Refused when it is too large."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Refused(f"has {size / 2**20:.0f} MB; up to {MOST_BYTES // 2**20} MB are read")
    return path.read_text(encoding="utf-8-sig", errors="replace").replace("\x00", "")


def files_below(path: Path, *suffixes: str) -> list[Path]:
    """Files of some endings in a folder and below, in the order of names; or the file itself.

    Links are not followed out of the folder.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Refused(f"There is no file or folder {path}.")
    root = path.resolve()
    found = (each for each in path.rglob("*") if each.suffix.lower() in suffixes and each.is_file())
    return sorted(each for each in found if each.resolve().is_relative_to(root))


def first(row: Mapping[str, Any], *keys: str) -> Any:
    """The first value that is there and not empty; a key with dots reaches into objects."""
    for key in keys:
        value: Any = row
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value not in (None, "", [], {}):
            return value
    return None


def json_rows(path: Path, *keys: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects of JSON files: a list, an object with a list under one of `keys`, or JSON lines.

    Raises Refused when a file is no JSON or holds no such list.
    """
    for file in files_below(path, ".json", ".jsonl"):
        content = text_of(file)
        try:
            value = json.loads(content)
        except ValueError:
            try:
                value = [json.loads(line) for line in content.splitlines() if line.strip()]
            except ValueError as error:
                raise Refused(f"{file.name} is not JSON: {error}") from None
        if isinstance(value, dict):
            found = next((value[key] for key in keys if isinstance(value.get(key), list)), None)
            value = found if found is not None else ([value] if "id" in value else None)
        if not isinstance(value, list):
            raise Refused(f"{file.name} holds no list{' called ' + ' or '.join(keys)}.")
        for number, row in enumerate(value, 1):
            yield f"{file.name}, number {number}", row if isinstance(row, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; nothing where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def words(value: Any) -> str:
    """A value as trimmed text; what is nothing is empty."""
    return "" if value is None else str(value).replace("\x00", "").strip()

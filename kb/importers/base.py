"""The contract of importers: files of one kind in, records out. `import_runner.py` stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from common.file_import import BadFile, Skipped
from common.language import Text
from common.text_files import decoded, read_json_values
from incidents.history_columns import COLUMNS
from incidents.history_rows import DEFAULTS, PastIncident, RowOptions, time_of

MAX_BYTES = 16 * 1024 * 1024
"""Of one file."""
FIELDS = (*COLUMNS, "causes", "category", "body", "published_at")
"""What a mapping may name."""
_SAVE_JSON = "save what the API answers, such as /api/v2/incidents.json of a status page"
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")
"""How zip files and new workbooks, gzip files and old workbooks begin."""


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


@dataclass(frozen=True)
class FoundCause:
    """A cause as a section of a report describes it."""

    role: str
    name: str
    text: str = ""
    """What the section says, if that is more than the name."""


@dataclass(frozen=True)
class MergedAlert:
    """An entry that was merged into an incident: an alert of it."""

    external_id: str
    title: str
    starts_at: datetime
    ends_at: datetime | None = None
    severity: str = ""
    url: str = ""


@dataclass
class ImportedIncident(PastIncident):
    """One past incident as an importer read it, possibly with its postmortem.

    Without `impact_started_at` it is not imported.
    """

    causes: list[tuple[str, str]] = field(default_factory=list)
    """(name, category or ""): suspected causes."""
    found_causes: list[FoundCause] = field(default_factory=list)
    """Suspected causes and factors that its sections describe."""
    merged: list[MergedAlert] = field(default_factory=list)
    body: str = ""
    """The postmortem in Markdown, if there is one."""
    body_title: str = ""
    published_at: datetime | None = None
    actions: list[ImportedAction] = field(default_factory=list)
    into: str = ""
    """The reference of an existing incident: its updates go onto the timeline of that one."""
    notes: list[str] = field(default_factory=list)
    """Remarks on how it was read, such as a date that was guessed."""


ReadResult = tuple[str, "ImportedIncident | str"]
"""Position (file, line), and the record or the reason why it cannot be imported."""


class Importer:
    """One kind of export. `mapping`: from our field to the column or key that holds it."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    accepts: ClassVar[Text] = ""
    """What it reads, for the help: a folder of .md files, a .csv file …"""

    def __init__(
        self, mapping: Mapping[str, str] | None = None, options: RowOptions | None = None
    ) -> None:
        self.options = options or (RowOptions(dict(mapping)) if mapping else DEFAULTS)
        self.mapping = dict(self.options.mapping)

    def time(self, name: str, value: Any) -> datetime | None:
        """A time as the options say it is written. Raises ValidationError by field."""
        return time_of(name, value, self.options)

    def read(self, path: Path) -> Iterator[ReadResult]:
        """Every record at `path`. Raises CannotImport if `path` is not of this kind."""
        raise NotImplementedError


class JsonImporter(Importer):
    """An export as JSON: `lists` are the keys that may hold its rows."""

    lists: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Iterator[ReadResult]:
        for position, row in json_rows(path, *self.lists):
            yield from self.read_row(position, row)

    def read_row(self, position: str, row: dict[str, Any] | str) -> Iterator[ReadResult]:
        if isinstance(row, str):
            yield position, row
            return
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
    """A file's text. Raises CannotImport when it is too large or packed."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CannotImport(f"has {size / 2**20:.0f} MB; up to {MAX_BYTES // 2**20} MB are read")
    content = path.read_bytes()
    if content.startswith(_PACKED):
        raise CannotImport("it is packed: unpack it, or save a workbook as CSV")
    return decoded(content)


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


def json_rows(path: Path, *keys: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Objects of JSON files, or why one is none: a list, an object with a list under one of
    `keys`, several of these one after another, or JSON lines.

    Raises CannotImport if the only file is not JSON or has no such list, or has no entries.
    """
    files = files_below(path, ".json", ".jsonl", ".ndjson")
    if not files:
        raise CannotImport(f"There is no .json file in {path}.")
    found = 0
    for file in files:
        try:
            rows = list(_rows_of(file, keys))
        except CannotImport as error:
            if len(files) == 1:
                raise
            rows = [str(error)]
        found += len(rows)
        for number, row in enumerate(rows, 1):
            yield f"{file.name}, number {number}", row
    if not found:
        listed = f": its list “{keys[0]}” is empty" if keys else ""
        raise CannotImport(f"{path.name} has no entries{listed}.")


def _rows_of(file: Path, keys: tuple[str, ...]) -> Iterator[dict[str, Any] | str]:
    text = text_of(file)
    if text.lstrip()[:1] == "<":
        raise CannotImport(f"{file.name}: It is not JSON but a page or a feed: {_SAVE_JSON}.")
    try:
        values = list(read_json_values(text))
    except BadFile as error:
        raise CannotImport(f"{file.name}: {error}") from None
    for value in values:
        if isinstance(value, Skipped):
            yield f"{value.place}: {value.why}"
            continue
        if isinstance(value, dict):
            rows = next((value[key] for key in keys if isinstance(value.get(key), list)), None)
            value = rows if rows is not None else ([value] if _is_row(value) else None)
        if not isinstance(value, list):
            listed = f" called {' or '.join(keys)}" if keys else ""
            raise CannotImport(f"{file.name} has no list{listed}.")
        for row in value:
            yield row if isinstance(row, dict) else "it is no object with keys and values"


def _is_row(value: Mapping[str, Any]) -> bool:
    return any(key in value for key in ("id", "number", "key", "title", "incident_number"))


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; nothing if it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_value(value: Any) -> str:
    """A value as trimmed text; None is empty."""
    return "" if value is None else str(value).replace("\x00", "").strip()

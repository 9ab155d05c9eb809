"""Reads text, tables and JSON from files as programs and people export them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from common import json_text
from common.file_import import BadFile, Skipped

_DELIMITERS = ",;\t|"
csv.field_size_limit(1_000_000)  # A postmortem in a cell is longer than the module allows.
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

Row = dict[str, "str | list[str]"]
"""By head; a head that repeats has the list of its values that are not empty."""


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or the Windows code page of western Europe."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _clean(content[len(mark) :].decode(encoding, errors="replace"))
    start = content[:2000]
    if len(start) > 3 and start.count(0) > len(start) // 3:
        encoding = "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
        return _clean(content.decode(encoding, errors="replace"))
    try:
        return _clean(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _clean(content.decode("cp1252", errors="replace"))


def _clean(text: str) -> str:
    return text.replace("\x00", "").removeprefix("\ufeff")


@dataclass(frozen=True)
class Table:
    """A table with heads; each row with the number of its last line."""

    heads: list[str]
    rows: list[tuple[int, Row]]
    problem: str = ""
    """Why the rest could not be read."""

    def filled_rows(self) -> list[tuple[int, Row]]:
        """The rows that have any value; spreadsheets write empty ones at the end."""
        return [(line, row) for line, row in self.rows if any(row.values())]


def read_table(text: str) -> Table:
    """A table with commas, semicolons, tabs or bars between cells. Raises BadFile without rows."""
    lines = text.removeprefix("\ufeff")
    delimiter = ""
    first, _, rest = lines.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) <= 5:
        delimiter, lines = (first.strip()[4:] or "\t"), rest
    delimiter = delimiter or _delimiter_of(lines)
    return _read(csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter))


def _read(reader: Any) -> Table:
    heads: list[str] = []
    rows: list[tuple[int, Row]] = []
    problem = ""
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) and (len(cells) < 2 or not heads):
                continue
            # A line above the heads that names the report has one cell.
            if len(heads) < 2 and (not heads or len(cells) > 1):
                heads = [cell.strip().lstrip("\ufeff") for cell in cells]
                continue
            rows.append((reader.line_num, _row(heads, cells)))
    except csv.Error as error:
        problem = f"From line {reader.line_num} on it is no table: {error}."
    if not heads:
        raise BadFile(problem or "It is empty.")
    return Table(heads, rows, problem)


def _delimiter_of(text: str) -> str:
    """The delimiter that parts the first line with any most often, outside quotes."""
    for line in text[:20_000].splitlines()[:20]:
        unquoted = "".join(line.split('"')[::2])
        best = max(_DELIMITERS, key=unquoted.count)
        if best in unquoted:
            return best
    return ","


def _row(heads: list[str], cells: list[str]) -> Row:
    row: Row = {}
    for head, cell in zip(heads, cells, strict=False):
        value = cell.strip()
        former = row.get(head)
        if former is None:
            row[head] = value
        elif value:
            both = [*(former if isinstance(former, list) else filter(None, [former])), value]
            row[head] = both if len(both) > 1 else value
    return row


def read_json_values(text: str) -> Iterator[Any | Skipped]:
    """The values of a file: one, several one after another, or one a line. Raises BadFile.

    Answers of an API that were appended to one file are several values. Of JSON lines, a broken
    one is skipped.
    """
    decoder = json.JSONDecoder()
    values: list[Any] = []
    position, end = 0, len(text)
    try:
        while position < end:
            while position < end and text[position] in " \t\r\n,\ufeff":
                position += 1
            if position < end:
                value, position = decoder.raw_decode(text, position)
                values.append(json_text.mended(value))
    except (ValueError, RecursionError) as error:
        lines = list(_lines(text))
        if all(isinstance(line, Skipped) for line in lines):
            raise BadFile(f"It is not JSON: {str(error)[:150]}") from None
        yield from lines
        return
    yield from values


def _lines(text: str) -> Iterator[Any | Skipped]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                value = json_text.loads(line)
            except (ValueError, RecursionError) as error:
                yield Skipped(f"line {number}", f"not JSON: {str(error)[:150]}")
            else:
                # A number or a bracket of a broken file that was laid out over lines is no entry.
                yield (
                    value
                    if isinstance(value, dict | list) and value
                    else Skipped(f"line {number}", "not a JSON object")
                )

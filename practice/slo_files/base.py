"""The base of plug-ins that read objectives: a file's text in, objectives and skipped parts out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from common.file_import import BadFile, Skipped


@dataclass(frozen=True)
class ImportedObjective:
    """An objective read from a file. `target` in percent; queries have `$window` as the range."""

    place: str
    """where in the file, in words"""
    service: str
    name: str
    target: float
    counts: str
    numerator: str
    total: str
    window: str = "30d"
    description: str = ""


class SloReader:
    """A plug-in sets the attributes and writes `read_document`."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def read(self, content: str) -> Iterator[ImportedObjective | Skipped]:
        """Raises BadFile when nothing in it can be read."""
        for place, document in documents(content):
            if isinstance(document, dict):
                yield from self.read_document(place, document)
            else:
                yield Skipped(place, "It is not an object.")

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        raise NotImplementedError


def documents(content: str) -> Iterator[tuple[str, Any]]:
    """Each document of a YAML text with its position in words. Raises BadFile."""
    try:
        parsed = list(yaml.safe_load_all(content))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadFile(f"This is not YAML: {str(error)[:200]}") from error
    return (
        (f"document {number}", document)
        for number, document in enumerate(parsed, 1)
        if document is not None
    )


def percent(value: Any, of_one: bool = False) -> float | None:
    """A target in percent (given as a ratio with `of_one`); None when it is not a valid one."""
    try:
        target = round(float(value) * (100 if of_one else 1), 4)
    except (TypeError, ValueError, OverflowError):
        return None
    return target if 0 < target < 100 else None


_LENGTH = re.compile(r"^(\d+)\s*([dwhmMQY])$")
_DAYS = {"d": 1.0, "w": 7.0, "h": 1 / 24}


def window(value: Any, rolling: bool = True) -> str:
    """Our window for one such as 4w, 28d or, for calendar windows, 1M; empty for any other."""
    match = _LENGTH.match(str(value).strip())
    if match is None:
        return ""
    count, unit = int(match[1]), match[2]
    if not rolling or unit in "MQY":
        return {"1M": "month", "1Q": "quarter", "3M": "quarter", "1Y": "year", "12M": "year"}.get(
            f"{count}{unit}", ""
        )
    days = count * _DAYS.get(unit, 0.0)
    return f"{days:.0f}d" if days in (7, 28, 30, 90) else ""

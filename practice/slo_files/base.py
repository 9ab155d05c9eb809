"""The base of plug-ins that read objectives: a file's text in, objectives and skipped parts out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from common.file_import import BadFile, Skipped
from common.payloads import text
from common.yaml_documents import UNREADABLE, values_of

__all__ = [
    "ALERTS_OFF", "BadFile", "ImportedObjective", "Refused", "Skipped", "SloReader", "documents",
    "mapping", "percent", "what_it_is",
]  # fmt: skip

ALERTS_OFF = "Its alerts are switched off in the file; the Prometheus rules made here have them."


class Refused(Exception):
    """A document or one of its objectives cannot be imported; the message says why."""


_RULES_HINT = "import the objectives that they were made from."
_TOOLS = {
    "pyrra.dev": "Pyrra", "sloth.slok.dev": "Sloth", "prometheus": "Sloth",
    "openslo": "OpenSLO", "openslo.com": "OpenSLO",
}  # fmt: skip
_HELM = re.compile(r"\{\{-?\s{0,5}(?:\.(?:Values|Release|Chart)|include|template|if|with|range)\b")


@dataclass(frozen=True)
class ImportedObjective:
    """An objective read from a file. `target` in percent; queries have `$window` as the range."""

    place: str
    """where in the file, in words"""
    service: str
    """empty where the file names none"""
    name: str
    target: float
    counts: str
    numerator: str
    total: str
    window: str = "30d"
    description: str = ""
    likely_services: tuple[str, ...] = ()
    """where the file names no service: what labels and names suggest, likeliest first"""
    remarks: tuple[str, ...] = ()
    """what of it was not read, or was assumed; whole sentences"""


class SloReader:
    """A plug-in sets the attributes and writes `read_document`, which may raise Refused."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def read(self, content: str) -> Iterator[ImportedObjective | Skipped]:
        """Raises BadFile when nothing in it can be read."""
        for place, document in documents(content):
            yield from self.read_or_skip(place, document)

    def read_or_skip(self, place: str, document: Any) -> Iterator[ImportedObjective | Skipped]:
        if isinstance(document, Skipped):
            yield document
        elif not isinstance(document, dict):
            yield Skipped(place, "It is not an object.")
        else:
            try:
                yield from self.read_document(place, document)
            except Refused as error:
                yield Skipped(place, str(error))

    def read_document(
        self, place: str, document: dict[str, Any]
    ) -> Iterator[ImportedObjective | Skipped]:
        raise NotImplementedError


_NEXT_DOCUMENT = re.compile(r"^(?=---(?:\s|\Z))", re.MULTILINE)


def documents(content: str) -> list[tuple[str, Any]]:
    """Each document of a YAML or JSON text with its position in words.

    Entries of lists are documents of their own; one that is not YAML is a Skipped. Raises BadFile
    where there is none, or none is YAML.
    """
    content = content.lstrip("\ufeff")
    try:
        parsed = list(values_of(content))
    except UNREADABLE:
        parsed = _one_by_one(content)
    found = [
        entry
        for number, document in enumerate(parsed, 1)
        if document is not None
        for entry in _entries(f"document {number}", document)
    ]
    if not found:
        raise BadFile("It holds no document.")
    return found


def _one_by_one(content: str) -> list[Any]:
    """A marker at the start of a line always begins a document, whatever was before it."""
    pieces = _NEXT_DOCUMENT.split(content)
    if all(not line.strip() or line.lstrip()[0] == "#" for line in pieces[0].splitlines()):
        pieces = pieces[1:] or pieces
    parsed: list[Any] = []
    broken = []
    for number, piece in enumerate(pieces, 1):
        try:
            parsed += list(values_of(piece)) or [None]
        except (BadFile, *UNREADABLE) as error:
            broken.append(_problem(error))
            parsed.append(Skipped(f"document {number}", f"It is not YAML: {broken[-1]}."))
    if len(broken) == len(pieces):
        if _HELM.search(content):
            raise BadFile("This is a template of Helm: import what “helm template” makes of it.")
        raise BadFile(f"This is not YAML: {broken[0]}.")
    return parsed


def _problem(error: BaseException) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or error).split())[:200]
    problem = problem or type(error).__name__
    return f"line {mark.line + 1}: {problem}" if mark else problem


def _entries(place: str, document: Any) -> list[tuple[str, Any]]:
    if isinstance(document, dict) and document.get("kind") == "List":
        document = document.get("items")
    if not isinstance(document, list):
        return [(place, document)]
    return [(f"{place}, entry {number}", entry) for number, entry in enumerate(document, 1)]


def mapping(value: Any) -> dict[str, Any]:
    """A mapping; empty for anything else."""
    return value if isinstance(value, dict) else {}


def percent(value: Any, of_one: bool = False) -> float | None:
    """A target in percent (given as a ratio with `of_one`); None when it is not a valid one."""
    if isinstance(value, bool):
        return None
    try:
        target = round(float(value) * (100 if of_one else 1), 4)
    except (TypeError, ValueError, OverflowError):
        return None
    return target if 0 < target < 100 else None


def what_it_is(document: dict[str, Any], chosen: str, read: str) -> str:
    """Why a reader does not know a document: the tool that would read it, or what it is instead.

    `chosen`: the tool whose reader it is; `read`: what that reads.
    """
    version = text(document, "apiVersion", 60) or text(document, "version", 60)
    kind, name = text(document, "kind", 60), text(document, "metadata.name", 90)
    known = " ".join(filter(None, (kind, name, f"({version})" if version else "")))
    if kind == "PrometheusRule" or (not kind and isinstance(document.get("groups"), list)):
        return f"It is {known or 'a file'} of Prometheus rules: {_RULES_HINT}"
    tool = _TOOLS.get(version.partition("/")[0])
    if tool and kind in ("", "SLO", "ServiceLevelObjective", "PrometheusServiceLevel"):
        if tool == chosen:
            return f"It is {known}; read is {read}."
        return f"It is {known}, a file of {tool}: choose {tool} as its kind."
    if kind:
        return f"It is {known}: no objective."
    return "It has neither “apiVersion” and “kind” nor “version: prometheus/v1”."

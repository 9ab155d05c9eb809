"""Text for people out of foreign JSON: lines, words, prose, values with their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common import json_text
from common.payloads import USE_GUIDE, BadPayload, dig, listed, text
from common.placeholders import is_placeholder, real_value

MAX_LINE, MAX_LINES, MAX_PROSE = 500, 60, 20_000


def line(data: Any, *paths: str, limit: int = MAX_LINE) -> str:
    """The first text at any of `paths` that is no placeholder, on one line; empty without one.

    >>> line({"title": ["CPU\\n high"]}, "name", "title", "title.0")
    'CPU high'
    """
    for path in paths:
        value = " ".join(text(data, path, MAX_PROSE).split())
        if value and not is_placeholder(value):
            return value[:limit].strip()
    return ""


def required_line(data: Any, *paths: str, limit: int = MAX_LINE) -> str:
    """Like `line`. Raises BadPayload, naming the first path, if there is none."""
    value = line(data, *paths, limit=limit)
    if not value:
        raise BadPayload(f"“{paths[0]}” is missing or empty: {USE_GUIDE}")
    return value


def lines_at(data: Any, *paths: str) -> list[str]:
    """The texts of the first list at `paths` that has any, a line each."""
    for path in paths:
        if found := [value for each in listed(data, path) if (value := line(each, ""))]:
            return found[:MAX_LINES]
    return []


def words_at(data: Any, path: str = "") -> list[str]:
    """Texts of a list, or of a text with commas: "a, b"."""
    parts = (part.strip() for each in listed(data, path) for part in text(each).split(","))
    return [part for part in parts if part][:MAX_LINES]


def paragraphs(*texts: str) -> str:
    """The texts below each other, each once, without those that are part of another."""
    found = [each for each in dict.fromkeys(each.strip() for each in texts) if each]
    return "\n".join(
        each for each in found if not any(each != other and each in other for other in found)
    )[:MAX_PROSE]


def prose(data: Any, *paths: str, depth: int = 3) -> str:
    """The texts at `paths` as they are, and anything else as a line for each value: `name: value`.

    >>> prose({"queue": {"depth": 3}, "hosts": ["a", "b"]})
    'queue.depth: 3\\nhosts: a, b'
    """
    found = (dig(data, path) for path in paths) if paths else (data,)
    return paragraphs(*(_prose(value, depth) for value in found))


def _prose(value: Any, depth: int) -> str:
    if isinstance(value, str):
        read = json_in(value)
        value = value if read is None else read
    if not isinstance(value, Mapping | list):
        return real_value(text(value, limit=MAX_PROSE))
    lines: list[str] = []
    _flatten(value, "", depth, lines)
    return "\n".join(lines)[:MAX_PROSE]


def _flatten(value: Any, name: str, depth: int, lines: list[str]) -> None:
    if len(lines) >= 200:
        return
    if isinstance(value, Mapping) and depth:
        for key, inner in value.items():
            own = text(str(key), limit=100)
            _flatten(inner, f"{name}.{own}" if name else own, depth - 1, lines)
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        for each in value[:20] if depth else ():
            _flatten(each, name, depth - 1, lines)
    else:
        several = [text(each) for each in value[:50]] if isinstance(value, list) else []
        written = ", ".join(filter(None, several)) or text(value, limit=MAX_PROSE)
        if isinstance(value, bool):
            written = str(value).lower()
        if written:
            lines.append(f"{name}: {written}" if name else written)


def json_in(value: str) -> Any:
    """The object or list that a text holds; None for any other text."""
    if not value.lstrip().startswith(("{", "[")):
        return None
    try:
        return json_text.loads(value)
    except (ValueError, RecursionError):
        return None


def named_values(data: Any, **paths: str) -> str:
    """One line a value that is there: its name in words and the value, at the first of its paths.

    >>> named_values({"limit": 5}, observed_value="value", threshold="threshold limit")
    'Threshold: 5'
    """
    found = ((name.replace("_", " "), line(data, *path.split())) for name, path in paths.items())
    return "\n".join(f"{name.capitalize()}: {value}" for name, value in found if value)

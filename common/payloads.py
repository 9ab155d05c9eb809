"""Reads values of foreign JSON by dotted path: trimmed, checked, never raising."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from common.alert_labels import MOST_IMPORTANT
from common.times import EARLIEST_NUMBER, parse_time

_NOT_IN_ADDRESS = re.compile(r"[\s<>\\]")


class BadPayload(Exception):
    """The body is not what this sender sends; the message names the field and the problem."""


def json_of(body: bytes | str) -> Any:
    """Raises BadPayload."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload(f"The body is not JSON: {str(error)[:120]}") from error


def dig(data: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path of mappings and lists; `default` if there is none.

    >>> dig({"a": [{"b": 1}]}, "a.0.b")
    1
    """
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isascii() and part.isdigit():
            data = data[int(part)] if int(part) < len(data) else None
        else:
            return default
    return default if data is None else data


def text(data: Any, path: str = "", limit: int = 300) -> str:
    """A value as short text without control characters; empty for anything but text or number."""
    value = dig(data, path) if path else data
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    cleaned = "".join(c if c.isprintable() or c in "\n\t" else " " for c in str(value))
    return cleaned.strip()[:limit]


def required_text(data: Any, path: str, limit: int = 300) -> str:
    """Like `text`. Raises BadPayload if it is empty."""
    value = text(data, path, limit)
    if not value:
        raise BadPayload(f"“{path}” is missing or empty.")
    return value


def rows(data: Any, path: str) -> Iterator[dict[str, Any]]:
    """The mappings in the list at `path`. Raises BadPayload if there is no such list."""
    values = dig(data, path)
    if not isinstance(values, list):
        raise BadPayload(f"“{path}” is not a list.")
    for number, row in enumerate(values):
        if not isinstance(row, dict):
            raise BadPayload(f"“{path}.{number}” is not an object.")
        yield row


def time_at(data: Any, path: str = "") -> datetime | None:
    """The time at `path`; None for anything else, or a time from a clock that was never set."""
    at = parse_time(dig(data, path) if path else data)
    return at if at and at >= EARLIEST_NUMBER else None


MAX_LABELS = 60
MAX_PROSE, MAX_LINKS = 10_000, 20
_TAG_NAMES, _TAG_VALUES = ("tag", "key", "name", "Key", "Name"), ("value", "Value")


def labels(data: Any, path: str = "", limit: int = 500) -> dict[str, str]:
    """Short texts by name, at most 60 of them; those that name alert and service come first."""
    values = dig(data, path) if path else data
    if not isinstance(values, Mapping):
        return {}
    pairs = ((text(str(key), limit=100), text(value, limit=limit)) for key, value in values.items())
    every = [(key, value) for key, value in pairs if key and value]
    if len(every) > MAX_LABELS:
        last = len(MOST_IMPORTANT)
        every.sort(key=lambda pair: MOST_IMPORTANT.get(pair[0].lower(), last))
    return dict(every[:MAX_LABELS])


def tags(data: Any, path: str = "") -> dict[str, str]:
    """Tags by name, in whatever form they come; a tag without value is "true".

    Lists of `name:value`, of pairs or of objects, an object, text with commas, or any of them as
    the text of JSON.

    >>> tags("service:shop, canary"), tags([{"tag": "env", "value": "prod"}])
    ({'service': 'shop', 'canary': 'true'}, {'env': 'prod'})
    """
    values = dig(data, path) if path else data
    if isinstance(values, str):
        values = _from_json(values) or values.split(",")
    if isinstance(values, Mapping):
        return labels(values)
    found: dict[str, str] = {}
    for value in values[:1000] if isinstance(values, list) else ():
        key, content = _tag(value)
        if key:
            found.setdefault(key, content or "true")
    return labels(found)


def _tag(value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return first_text(value, *_TAG_NAMES, limit=100), first_text(value, *_TAG_VALUES, limit=500)
    if isinstance(value, list):
        return (
            (text(value[0], limit=100), text(value[1], limit=500)) if len(value) == 2 else ("", "")
        )
    name, separator, content = text(value, limit=600).partition(":")
    if not separator:
        name, _, content = name.partition("=")
    return name.strip()[:100], content.strip()[:500]


def _from_json(value: str) -> Any:
    """The object or list that a text holds; None for any other text."""
    if not value.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def first_text(data: Any, *paths: str, limit: int = 300) -> str:
    """The first value that is not empty."""
    return next((found for path in paths if (found := text(data, path, limit))), "")


def prose(data: Any, path: str = "", depth: int = 3) -> str:
    """Text as it is, and anything else as a line for each value: `name: value`.

    >>> prose({"queue": {"depth": 3}, "hosts": ["a", "b"]})
    'queue.depth: 3\\nhosts: a, b'
    """
    value = dig(data, path) if path else data
    if isinstance(value, str):
        read = _from_json(value)
        value = value if read is None else read
    if not isinstance(value, Mapping | list):
        return text(value, limit=MAX_PROSE)
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


def paragraphs(*texts: str) -> str:
    """The texts below each other, each once, without those that are part of another."""
    found = [each for each in dict.fromkeys(each.strip() for each in texts) if each]
    return "\n".join(
        each for each in found if not any(each != other and each in other for other in found)
    )


def web_links(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and address of those that are http or https, each address once."""
    found = {
        address: label[:100]
        for label, given in reversed(pairs)
        if (address := _address(given, 2000)) and label
    }
    return tuple((label, address) for address, label in reversed(found.items()))[:MAX_LINKS]


def _address(url: str, limit: int) -> str:
    good = url.startswith(("http://", "https://")) and len(url) <= limit
    return url if good and not _NOT_IN_ADDRESS.search(url) else ""


def web_address(data: Any, path: str) -> str:
    """An http or https URL; empty for anything else, and for one that is too long to store."""
    return _address(text(data, path, 1001), 1000)

"""Reads values of foreign JSON by dotted path: trimmed, checked, never raising."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from common.times import EARLIEST_NUMBER, parse_time


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


def labels(data: Any, path: str = "") -> dict[str, str]:
    """Short texts by name, at most 60 of them."""
    values = dig(data, path) if path else data
    if not isinstance(values, Mapping):
        return {}
    pairs = ((text(str(key), limit=100), text(value, limit=500)) for key, value in values.items())
    return dict([(key, value) for key, value in pairs if key and value][:60])


def web_address(data: Any, path: str) -> str:
    """An http or https URL; empty for anything else."""
    url = text(data, path, 1000)
    return url if url.startswith(("http://", "https://")) and " " not in url else ""

"""Values out of JSON that others send: by dotted path, trimmed, checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from common.times import EARLIEST_NUMBER, parse_time


class BadPayload(Exception):
    """The body is not what this sender sends; the message names the field and what is wrong."""


def json_of(body: bytes | str) -> Any:
    """Raises BadPayload."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload(f"The body is not JSON: {str(error)[:120]}") from error


def dig(data: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path of mappings and lists; `default` where the path ends early.

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


def text(data: Any, path: str = "", most: int = 300) -> str:
    """A value as one short text without control characters; empty for what is no text."""
    value = dig(data, path) if path else data
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    cleaned = "".join(c if c.isprintable() or c in "\n\t" else " " for c in str(value))
    return cleaned.strip()[:most]


def required_text(data: Any, path: str, most: int = 300) -> str:
    """Like `text`. Raises BadPayload where it is empty."""
    found = text(data, path, most)
    if not found:
        raise BadPayload(f"“{path}” is missing or empty.")
    return found


def rows(data: Any, path: str) -> Iterator[dict[str, Any]]:
    """The mappings in the list at `path`. Raises BadPayload where there is no such list."""
    found = dig(data, path)
    if not isinstance(found, list):
        raise BadPayload(f"“{path}” is not a list.")
    for number, row in enumerate(found):
        if not isinstance(row, dict):
            raise BadPayload(f"“{path}.{number}” is not an object.")
        yield row


def time_at(data: Any, path: str = "") -> datetime | None:
    """The time at `path`; None where there is none, or one that a sender's unset clock shows."""
    found = parse_time(dig(data, path) if path else data)
    return found if found and found >= EARLIEST_NUMBER else None


def labels(data: Any, path: str = "") -> dict[str, str]:
    """Short texts by name, at most 60 of them."""
    found = dig(data, path) if path else data
    if not isinstance(found, Mapping):
        return {}
    pairs = ((text(str(key), most=100), text(value, most=500)) for key, value in found.items())
    return dict([(key, value) for key, value in pairs if key and value][:60])


def web_address(data: Any, path: str) -> str:
    """An http(s) address worth linking to; empty for anything else."""
    found = text(data, path, 1000)
    return found if found.startswith(("http://", "https://")) and " " not in found else ""

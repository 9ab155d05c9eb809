"""Reads values of foreign JSON by dotted path: trimmed, checked, never raising."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from common import json_text
from common.times import EARLIEST_NUMBER, parse_time

MAX_ROWS, MAX_ADDRESS = 200, 1000
USE_GUIDE = "let the sender use the payload of its guide."
_NOT_IN_ADDRESS = re.compile(r"[\s<>\\]")


class BadPayload(Exception):
    """The body is not what this sender sends; the message names the field and the problem."""


def json_of(body: bytes | str) -> Any:
    """Raises BadPayload."""
    try:
        return json_text.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload(f"The body is not JSON: {str(error)[:120]}: {USE_GUIDE}") from error


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form by name; of a repeated one the first. Raises BadPayload."""
    fields: dict[str, str] = {}
    try:
        for name, value in parse_qsl(body.decode(), max_num_fields=MAX_ROWS):
            fields.setdefault(name, value)
    except ValueError as error:
        raise BadPayload(
            "The body is no form: it is not text, or has too many fields. Send JSON."
        ) from error
    return fields


def json_or_form(body: bytes) -> Any:
    """A body of JSON, or of form fields as curl sends them. Raises BadPayload."""
    if body.lstrip()[:1] in (b"{", b"[", b'"'):
        return json_of(body)
    if fields := form_fields(body):
        return fields
    raise BadPayload(
        "The body is neither JSON nor form fields. Let the sender use the command of its guide."
    )


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
        raise BadPayload(f"“{path}” is missing or empty: {USE_GUIDE}")
    return value


def rows(data: Any, path: str) -> Iterator[dict[str, Any]]:
    """The mappings in the list at `path`. Raises BadPayload if there is no such list."""
    values = dig(data, path)
    if not isinstance(values, list):
        raise BadPayload(f"“{path}” is not a list: {USE_GUIDE}")
    for number, row in enumerate(values):
        if not isinstance(row, dict):
            raise BadPayload(f"“{path}.{number}” is not an object: {USE_GUIDE}")
        yield row


def listed(data: Any, path: str = "") -> list[Any]:
    """The list at `path`, a single value as a list of one; empty for nothing and for objects."""
    value = dig(data, path) if path else data
    if isinstance(value, list):
        return value[:MAX_ROWS]
    return [value] if isinstance(value, str | int | float) and value else []


def time_at(data: Any, path: str = "") -> datetime | None:
    """The time at `path`; None for anything else, or a time from a clock that was never set."""
    at = parse_time(dig(data, path) if path else data)
    return at if at and at >= EARLIEST_NUMBER else None


def is_web_address(url: str, limit: int = MAX_ADDRESS) -> bool:
    good = url.startswith(("http://", "https://")) and len(url) <= limit
    return good and not _NOT_IN_ADDRESS.search(url)


def web_address(data: Any, *paths: str) -> str:
    """The first http or https URL at any of `paths`; one that is too long to store is none."""
    found = (text(data, path, MAX_ADDRESS + 1) for path in paths)
    return next((url for url in found if is_web_address(url)), "")

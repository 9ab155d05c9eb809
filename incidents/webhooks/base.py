"""The contract between the product and a sender: a request in, events out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.utils.dateparse import parse_datetime

from incidents.webhooks.signing import Scheme, Token


class BadPayload(Exception):
    """The body is not what this sender sends; the message names the field and what is wrong."""


def json_of(body: bytes | str) -> Any:
    """Raises BadPayload."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload(f"The body is not JSON: {str(error)[:120]}") from error


@dataclass(frozen=True)
class Incoming:
    """A request: header names in small letters, the body as it came over the wire."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON. Raises BadPayload."""
        return json_of(self.body)


@dataclass(frozen=True)
class AlertEvent:
    """A monitor says that something fires, or no longer does."""

    fingerprint: str
    name: str
    firing: bool
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    summary: str = ""
    severity: str = ""
    service: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    group_key: str = ""
    url: str = ""


@dataclass(frozen=True)
class ChangeEvent:
    """Something happened to a service. The service may be named, or follow from the job's name."""

    title: str
    service: str = ""
    job: str = ""
    kind: str = "deploy"
    version: str = ""
    author: str = ""
    outcome: str = "succeeded"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    external_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class Ignored:
    """What the sender also sends and means nothing to us, or asks for a person's hand."""

    why: str


Event = AlertEvent | ChangeEvent | Ignored


class Webhook:
    """Base of the plug-ins. A new one sets the class attributes and writes `read`."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    brings: ClassVar[str] = "alerts"
    """"alerts", "changes" or "alerts and changes": for people to choose by."""
    scheme: ClassVar[Scheme] = Token()
    SettingsForm: ClassVar[type[forms.Form]] = forms.Form
    id_header: ClassVar[str] = ""
    """The header in which the sender names the delivery, the same when it is sent again."""
    content: ClassVar[str] = "json"
    """"json", or "any" for bodies that are not."""

    def sender_id(self, incoming: Incoming) -> str:
        """What the sender calls this delivery; empty when it has no name for it."""
        return incoming.headers.get(self.id_header, "") if self.id_header else ""

    def read(self, incoming: Incoming) -> list[Event]:
        """What the request tells. Raises BadPayload, never anything else for odd bodies."""
        raise NotImplementedError


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


def needed(data: Any, path: str, most: int = 300) -> str:
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


def moment(data: Any, path: str = "") -> datetime | None:
    """A time from ISO 8601 or epoch seconds or milliseconds; None for none or a year of no use."""
    value = dig(data, path) if path else data
    found = None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
        elif isinstance(value, str) and value.strip().isdigit():
            return moment(int(value))
        elif isinstance(value, str):
            found = parse_datetime(value.strip())
            found = found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
            found = found and found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found and 1990 < found.year < 2200 else None


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

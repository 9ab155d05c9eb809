"""The contract between the product and a sender: a request in, events out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms

from common.payloads import json_of
from common.signing import Scheme, Token


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


CHANGE_KINDS = "deploy config flag scaling migration restart load-test".split()
CHANGE_OUTCOMES = "running succeeded failed rolled_back".split()
"""What a change may be and how it may end, as its record knows them."""


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

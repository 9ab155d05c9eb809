"""The contract of senders: from a request to events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms

from common.request_bodies import json_of_request
from common.signing import Scheme, Token


@dataclass(frozen=True)
class Incoming:
    """A request: header names in lower case, the body as it was received."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON, also from within a form. Raises BadPayload."""
        return json_of_request(self.body, self.headers.get("content-type", ""))


@dataclass(frozen=True)
class PagerPerson:
    """A person as a pager names them; any of it may be empty."""

    id: str = ""
    """The pager's own id, for pagers that send no address."""
    name: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.id or self.name or self.email)

    def __str__(self) -> str:
        return self.name or self.email or "Somebody"


@dataclass(frozen=True)
class AlertEvent:
    """A monitor says that something fires, or no longer does."""

    fingerprint: str
    name: str
    firing: bool
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    summary: str = ""
    """What it says in one line."""
    description: str = ""
    """All that the sender writes beyond that: description, values, custom details."""
    links: tuple[tuple[str, str], ...] = ()
    """Label and address of runbook, dashboard, panel and their like."""
    severity: str = ""
    """The sender's own word; `incidents/severities.py` reads it."""
    service: str = ""
    """An explicit name or slug; never a guess from prose."""
    labels: dict[str, str] = field(default_factory=dict)
    group_key: str = ""
    url: str = ""
    query: str = ""
    """The expression of the rule that fires, if the sender gives it."""
    acknowledged: bool = False
    """Somebody acknowledged it: such an event opens nothing and ends nothing."""
    acknowledged_at: datetime | None = None
    """When, by the clock of the sender."""
    acknowledged_by: PagerPerson = PagerPerson()
    left_out: int = 0
    """How many more alerts the sender says it did not send."""
    fires_once: bool = False
    """Its fingerprint is never used again: what comes after its end is late."""
    ends_like: str = ""
    """For a recovery that matches no alert: how the fingerprint of the one it ends begins."""


CHANGE_KINDS = "deploy config flag scaling migration restart load-test".split()
CHANGE_OUTCOMES = "running succeeded failed rolled_back".split()
"""Kinds and outcomes of changes, the same as those of the model."""


@dataclass(frozen=True)
class ChangeEvent:
    """A change of a service. The service is named, or follows from the name of the job."""

    title: str
    service: str = ""
    """An explicit name; where no service has it, none of `candidates` replaces it."""
    candidates: tuple[str, ...] = ()
    """Names it may have otherwise, the most likely first: repository, app, job."""
    job: str = ""
    """What rules for jobs compare: repository and workflow, the path of a build job."""
    job_name: str = ""
    """The job's own short name, where `job` is a path: rules compare it too."""
    kind: str = "deploy"
    version: str = ""
    author: str = ""
    outcome: str = "succeeded"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    external_id: str = ""
    """The same for every report of one change, with all that the sender's own id is unique in."""
    url: str = ""
    environment: str = ""
    branch: str = ""
    default_branch: str = ""
    run: str = ""
    """The name of a workflow, pipeline or step, whose words say what it does: “Lint”."""
    trigger: str = ""
    """The sender's word for what started it: push, pull_request, schedule."""
    production: bool | None = None
    """What the sender itself says of the environment; None where it says nothing."""
    another_attempt: bool = False
    """A start later than the end of what is known is the next attempt, not a late report."""
    rollout: str = ""
    """The workload that is rolled out: its steps are one change for each `version`."""
    rollout_starts: bool | None = None
    """Whether this step begins a rollout; None where its words do not say."""


@dataclass(frozen=True)
class PagerEvent:
    """What somebody did in a pager with a record of it that is an alert here.

    `act` is one of `incidents.pager_acts.ACTS`: it was acknowledged or that was taken back, a note
    was written, somebody was made its owner, was called to help or declined, it went to other
    people, or it was merged.
    """

    act: str
    record: str
    """The fingerprint of the alert."""
    id: str
    """The pager's id of the note or the event: the same when it is sent again."""
    at: datetime | None = None
    by: PagerPerson = PagerPerson()
    """Who did it."""
    about: PagerPerson = PagerPerson()
    """Who owns it from now on, or helps."""
    text: str = ""
    """What a note says; to whom it went."""
    into: str = ""
    """The fingerprint of the alert that it was merged into."""


ANNOUNCE_LABEL = "causebook:announce"
"""The label of a pull or merge request that announces what will come to production."""


@dataclass(frozen=True)
class AnnouncementEvent:
    """Somebody says by a label that a pull or merge request is worth knowing of in advance."""

    title: str
    repository: str
    """What rules for jobs compare."""
    candidates: tuple[str, ...]
    """Names that its service may have, the most likely first; at least one."""
    external_id: str
    """The same whenever the request is labelled."""
    text: str = ""
    url: str = ""
    planned_on: date | None = None


@dataclass(frozen=True)
class Ignored:
    """A request without an event for us, or one that a person has to act on."""

    why: str


Event = AlertEvent | ChangeEvent | PagerEvent | AnnouncementEvent | Ignored


def change_id(*parts: str) -> str:
    """One id of several parts, at most 200 characters; a longer one is shortened by its hash."""
    whole = " ".join(part for part in parts if part)
    if len(whole) <= 200:
        return whole
    return f"{whole[:160]} {hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:32]}"


class Webhook:
    """Base of the plug-ins. A new one sets the class attributes and implements `read`."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    brings: ClassVar[str] = "alerts"
    """"alerts", "changes" or "alerts and changes": shown in the list of kinds."""
    scheme: ClassVar[Scheme] = Token()
    SettingsForm: ClassVar[type[forms.Form]] = forms.Form
    id_header: ClassVar[str] = ""
    """The header with the sender's id of the delivery, the same when it is sent again."""
    sample_headers: ClassVar[Mapping[str, str]] = {}
    """Headers without which its sample cannot be read."""
    content: ClassVar[str] = "json"
    """"json", or "any" for bodies that are not."""

    def sender_id(self, incoming: Incoming) -> str:
        """The sender's id of this delivery; empty without one."""
        return incoming.headers.get(self.id_header, "") if self.id_header else ""

    def read(self, incoming: Incoming) -> list[Event]:
        """The events of a request. Raises BadPayload, and nothing else, for an unusable body."""
        raise NotImplementedError

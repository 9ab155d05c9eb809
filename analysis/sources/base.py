"""The contract between the product and a source of evidence: window in, typed items out."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.redaction import redact

MAX_POINTS = 1500
"""Points a series may have: enough for a chart and for the analysis."""
MAX_SERIES = 20
MAX_LINES = 5000
MAX_TRACES = 400
MAX_SPANS = 500
"""Spans that one trace may have; of more, the first to start are stored."""
MAX_AT_ONCE, MAX_PER_MINUTE = 8, 1200
"""Limits of a source whose settings set none: pulls under way, pulls started in a minute."""
MAX_PULLS_OF_INCIDENT, MAX_MEGABYTES_OF_INCIDENT = 3000, 100
"""The same for all pulls of one incident; megabytes of answers, uncompressed."""
MAX_QUOTED = 300
"""Characters of a server's own words that an error holds."""


@dataclass(frozen=True)
class Window:
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class SourceQuery:
    """`what` it measures in words, and the query's `text` in the source's own language."""

    what: str
    text: str
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of an alert: where a series has these labels, only with these values."""
    threshold: str = ""
    """From which value on the alert fires, such as "> 0.9"."""


@dataclass(frozen=True)
class Target:
    """The service a query is for, as far as a source needs to know it."""

    name: str
    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that select its telemetry, where its name alone does not."""


@dataclass(frozen=True)
class AlertTarget:
    """An alert that evidence is wanted for, as far as a source needs to know it."""

    expression: str
    """The query of its rule; empty if its sender does not say."""
    labels: Mapping[str, str]
    known: bool = False
    """Whether its service is in the catalogue, so that `queries` brings the rest."""
    service: str = ""
    """The name that its labels suggest for its service; empty without one."""


@dataclass(frozen=True)
class Series:
    """A metric over time: epoch seconds and values, without gaps and without NaN."""

    labels: dict[str, str]
    times: list[float]
    values: list[float]
    earlier: list[list[float]] = field(default_factory=list)
    """Values in the same hours of earlier days at these times, one list a day."""

    def as_item(self) -> dict[str, Any]:
        item = {"labels": self.labels, "times": self.times, "values": self.values}
        return {**item, "earlier": self.earlier} if self.earlier else item


@dataclass(frozen=True)
class Line:
    """A log line at epoch seconds."""

    at: float
    text: str
    labels: dict[str, str] = field(default_factory=dict)

    def as_item(self) -> dict[str, Any]:
        return {"at": self.at, "text": self.text, "labels": self.labels}


@dataclass(frozen=True)
class TracedSpan:
    """One operation of a request: start in epoch seconds, duration in ms, parent "" at a root.

    `kind` is server, client, producer, consumer, internal or empty. `peer` names what a client
    called, as far as the client knows. `note` is why it failed.
    """

    id: str
    parent: str
    service: str
    operation: str
    start: float
    duration: float
    failed: bool = False
    kind: str = ""
    peer: str = ""
    note: str = ""

    def as_item(self) -> dict[str, Any]:
        required = ("id", "parent", "service", "operation", "start", "duration")
        return {key: value for key, value in vars(self).items() if value or key in required}


@dataclass(frozen=True)
class Trace:
    """The spans of one request, in the order in which they started.

    One that was `chosen` because it failed is an example and says nothing of how many fail.
    """

    id: str
    spans: list[TracedSpan]
    chosen: bool = False

    @property
    def start(self) -> float:
        return self.spans[0].start

    @property
    def failed(self) -> bool:
        return any(span.failed for span in self.spans)

    def as_item(self) -> dict[str, Any]:
        item = {"id": self.id, "spans": [span.as_item() for span in self.spans]}
        return {**item, "chosen": True} if self.chosen else item


Item = Series | Line | Trace


@dataclass(frozen=True)
class SourceAnswer:
    """What a source returned, a link for people, and in words what is missing from it."""

    items: Sequence[Item]
    link: str = ""
    gaps: list[str] = field(default_factory=list)


class SourceError(Exception):
    """A pull that failed. `reason` is short and stable, the message is for people.

    `passing` says whether a retry may help, `detail` is the beginning of what the server wrote:
    for those who may manage sources, by way of `in_full`.
    """

    def __init__(
        self, reason: str, message: str, *, passing: bool = False, detail: str = ""
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.passing = passing
        self.detail = detail

    @property
    def in_full(self) -> str:
        """The message with what the server wrote, cut short and without what looks like a secret.

        Whoever may choose the address may read this; to others it would show what answers inside
        the network.
        """
        quoted = redact(self.detail[:MAX_QUOTED]).strip()
        return f"{self} It wrote: {quoted}" if quoted else str(self)


class SourceForm(forms.Form):
    """Settings every source has."""

    at_once = forms.IntegerField(
        label=_("Pulls at once"), min_value=1, max_value=100, initial=MAX_AT_ONCE, required=False
    )
    per_minute = forms.IntegerField(
        label=_("Pulls a minute"),
        min_value=1,
        max_value=100_000,
        initial=MAX_PER_MINUTE,
        required=False,
    )
    pulls_per_incident = forms.IntegerField(
        label=_("Pulls for one incident"),
        min_value=1,
        max_value=1_000_000,
        initial=MAX_PULLS_OF_INCIDENT,
        required=False,
        help_text=_("A pull is one query with the same hours of earlier days."),
    )
    megabytes_per_incident = forms.IntegerField(
        label=_("Megabytes for one incident"),
        min_value=1,
        max_value=100_000,
        initial=MAX_MEGABYTES_OF_INCIDENT,
        required=False,
    )


class SourcePlugin:
    """Base of the plug-ins. A new one sets the class attributes, and writes `queries`, `pull`
    and `probe`; `alert_queries` and `discover` where it can.
    """

    kind: ClassVar[str] = ""
    title: ClassVar[Text] = ""
    items: ClassVar[str] = "series"
    """"series" or "lines": what its queries return, unless `items_of` says otherwise."""
    SettingsForm: ClassVar[type[SourceForm]]

    def __init__(self, settings: dict[str, Any]) -> None:
        """`settings` are the cleaned data of SettingsForm, secrets included."""
        self.settings = settings

    def queries(self, target: Target) -> list[SourceQuery]:
        """What to pull for a service when an incident names it."""
        raise NotImplementedError

    def items_of(self, query: SourceQuery) -> str:
        """What this query returns: "series", "lines" or "traces"."""
        return self.items

    def trace_page(self, trace_id: str) -> str:
        """The address of a trace in the source's own UI; empty if it has none."""
        return ""

    def alert_queries(self, alert: AlertTarget) -> list[SourceQuery]:
        """What to pull for an alert by its own expression and labels; nothing by default."""
        return []

    def discover(self, deadline: float) -> list[dict[str, str]]:
        """Labels of each thing that this source sees; nothing by default. Raises SourceError.

        Which of them names a service is decided by the same rules as for alerts.
        """
        return []

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        """Run a query. `deadline` is seconds allowed. Raises SourceError, never anything else."""
        raise NotImplementedError

    def probe(self, deadline: float) -> str:
        """A sentence that says the source answers; raises SourceError that names what to change."""
        raise NotImplementedError


_NAME = re.compile(r"^[A-Za-z0-9 ._:/@-]+$")


def check_name(target: Target) -> None:
    """Refuse names with characters that could end a quoted string in any query language."""
    if not _NAME.match(target.name):
        raise SourceError("bad-name", f"The service name {target.name!r} cannot be put in a query.")


def fill(template: str, target: Target) -> str:
    """Put the service's name, once checked, into a query template (`$service`)."""
    check_name(target)
    return string.Template(template).safe_substitute(service=target.name)


def lines_answer(lines: list[Line], link: str, gaps: Sequence[str] = ()) -> SourceAnswer:
    """An answer of log lines in the order of time, with the gaps that every log store has."""
    lines.sort(key=lambda line: line.at)
    stated = list(gaps)
    if len(lines) >= MAX_LINES:
        stated.append(f"More than {MAX_LINES} lines; only the newest are stored.")
    if not lines:
        stated.append("No lines matched this query in the window.")
    return SourceAnswer(lines, link, stated)

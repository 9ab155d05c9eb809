"""Trace ids in log lines as links: to the frozen trace, else to the page of a source of traces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from analysis.evidence.source_plugins import plugin_of
from analysis.models import Evidence, Source
from analysis.sources.base import SourceError, SourcePlugin
from incidents.models import Incident

_ID = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{16})(?![0-9A-Za-z])")
_NAMED_BEFORE = re.compile(r"(?i)trace[_.-]?(?:id)?[\"']?\s{0,2}[=:]?\s{0,2}[\"']?$")
_LONGEST_NAME = 20
LABELS = ("trace_id", "traceID", "traceId", "trace.id", "traceid")
"""How log stores call the trace of a line."""


def trace_path(evidence: Evidence, trace_id: str) -> str:
    return reverse("analysis:trace", args=[evidence.pk, trace_id])


class TraceLinks:
    """Finds where a trace of an incident can be read. Nothing is loaded until a line has an id."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident

    @cached_property
    def frozen(self) -> dict[str, str]:
        """Paths of the traces that are stored with the incident, by id without leading zeros."""
        return {
            item["id"].lstrip("0"): trace_path(row, item["id"])
            for row in self.incident.evidence.filter(kind=Evidence.Kind.TRACES)
            for item in row.items()
        }

    @cached_property
    def source(self) -> SourcePlugin | None:
        """The first source with pages of traces."""
        for row in Source.objects.filter(enabled=True):
            try:
                plugin = plugin_of(row)
            except SourceError:
                continue
            if plugin.trace_page("0"):
                return plugin
        return None

    def address(self, trace_id: str, named: bool) -> str:
        """Where to read a trace; empty for what is not `named` a trace and is none of those stored.

        Any hexadecimal number may be meant by a line, but only a trace has a page at the source.
        """
        path = self.frozen.get(trace_id.lower().lstrip("0"), "")
        if path or not named:
            return path
        return self.source.trace_page(trace_id.lower()) if self.source else ""

    def linked(self, text: str) -> SafeString:
        """The text, escaped, with its trace ids as links."""
        return format_html_join("", "{}", ((part,) for part in self._parts(text)))

    def of_labels(self, labels: dict[str, str]) -> SafeString:
        """A link for a line whose trace is in its labels; empty without."""
        for name in LABELS:
            trace_id = str(labels.get(name, ""))
            if _ID.fullmatch(trace_id) and (address := self.address(trace_id, named=True)):
                return _link(address, pgettext("link", "trace"))
        return SafeString("")

    def _parts(self, text: str) -> Iterator[str | SafeString]:
        done = 0
        for match in _ID.finditer(text):
            before = text[max(0, match.start() - _LONGEST_NAME) : match.start()]
            address = self.address(match[0], named=bool(_NAMED_BEFORE.search(before)))
            if address:
                yield text[done : match.start()]
                yield _link(address, match[0])
                done = match.end()
        yield text[done:]


def _link(address: str, words: str) -> SafeString:
    if address.startswith("/"):
        return format_html('<a href="{}">{}</a>', address, words)
    return format_html('<a href="{}" rel="noopener noreferrer nofollow">{}</a>', address, words)

"""Imports past incidents: rows of CSV or JSON, and what the importers of `kb` read.

An incident is known by its source and its id there, so every import can be repeated.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from common.errors import error_text
from common.file_import import ImportReport
from common.markdown import escape_markdown
from common.times import parse_time
from incidents import filing, severities
from incidents.models import Incident, Service, TimelineEntry

COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": ("external_id", "id", "number", "key", "incident_id"),
    "title": ("title", "name", "summary", "subject"),
    "symptom": ("symptom", "description", "body", "details"),
    "resolution": ("resolution", "resolution_notes", "fix"),
    "severity": ("severity", "impact", "priority", "urgency"),
    "impact_started_at": ("impact_started_at", "started_at", "downtime_start", "created_at", "at"),
    "detected_at": ("detected_at",),
    "acknowledged_at": ("acknowledged_at",),
    "mitigated_at": ("mitigated_at",),
    "resolved_at": ("resolved_at", "downtime_end", "closed_at", "ended_at"),
    "services": ("services", "components", "service", "component"),
    "external_url": ("external_url", "url", "link", "html_url"),
    "updates": ("updates", "incident_updates", "timeline"),
}
"""Our fields, and the names they have in exports; the first one that has a value wins."""

Update = tuple[datetime, str, str]
"""Time, state or author, and text."""


@dataclass
class PastIncident:
    """One past incident as an export describes it."""

    external_id: str
    title: str
    impact_started_at: datetime | None = None
    symptom: str = ""
    resolution: str = ""
    severity: str = ""
    """the export's own word for it"""
    detected_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    services: list[str] = field(default_factory=list)
    external_url: str = ""
    updates: list[Update] = field(default_factory=list)


@dataclass
class HistoryReport(ImportReport):
    new_services: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """(place, what the person should know about how it was read)"""


class HistoryImport:
    """One run of an import: what is known already, so that an incident costs few queries."""

    def __init__(self, source: str, report: HistoryReport) -> None:
        self.source, self.report = source[:50], report
        incidents = Incident.objects.filter(external_source=self.source)
        self.known = set(incidents.values_list("external_id", flat=True))
        self.services = {row.name.lower(): row for row in Service.objects.all()}
        self._created: dict[str, Service] = {}

    @contextmanager
    def entry(self, place: str, external_id: str) -> Iterator[None]:
        """A savepoint for one incident and all that comes with it; a refusal is reported."""
        self._created = {}
        before = {
            name: len(value) if isinstance(value, list) else value
            for name, value in vars(self.report).items()
        }
        try:
            with transaction.atomic():
                yield
        except (ValidationError, IntegrityError) as error:
            for name, value in before.items():
                if isinstance(listed := getattr(self.report, name), list):
                    del listed[value:]
                else:
                    setattr(self.report, name, value)
            self.report.skip(place, error_text(error))
            return
        # Only now: what failed was rolled back and must not count as imported.
        self.services |= self._created
        self.report.new_services += [service.name for service in self._created.values()]
        self.known.add(external_id[:200])

    def is_known(self, past: PastIncident) -> bool:
        """Whether an earlier import, or an earlier row of this one, brought it already."""
        if not past.external_id or past.external_id[:200] not in self.known:
            return False
        self.report.same += 1
        return True

    def file(self, past: PastIncident, place: str, status: Any = "") -> Incident:
        """Write a past incident, its services and its timeline. Raises ValidationError."""
        start = past.impact_started_at
        if not past.external_id:
            raise ValidationError({"external_id": "Missing: repeatable imports need ids."})
        if not past.title.strip():
            raise ValidationError({"title": "Missing. Name its column with --map title=COLUMN."})
        if start is None:
            raise ValidationError({"impact_started_at": "Missing. Map it with --map."})
        # Some exports note an end before the start when a clock was corrected by hand.
        mitigated_at, resolved_at = (
            max(start, at) if at else None for at in (past.mitigated_at, past.resolved_at)
        )
        resolved = Incident.Status.RESOLVED if resolved_at else Incident.Status.INVESTIGATING
        incident = filing.file_incident(
            title=past.title[:300],
            symptom=past.symptom or next((text for *_, text in past.updates if text), ""),
            resolution=past.resolution,
            severity=severities.severity_named(past.severity) or severities.DEFAULT,
            services=self._services_of(past, place),
            impact_started_at=start,
            detected_at=past.detected_at,
            acknowledged_at=past.acknowledged_at,
            mitigated_at=mitigated_at,
            resolved_at=resolved_at,
            status=status or resolved,
            external_source=self.source,
            external_id=past.external_id[:200],
            external_url=past.external_url if past.external_url.startswith("http") else "",
            quiet=True,
        )
        _write_updates(incident, past.updates)
        self.report.new.append(incident.title)
        return incident

    def _services_of(self, past: PastIncident, place: str) -> set[Service]:
        """The services it lists, created where they are unknown, and those its title names."""
        names = [name for given in past.services if (name := clean_service_name(given))]
        if names != past.services:
            note = "names of services with characters that ours may not have"
            self.report.notes.append((place, note))
        listed = {self._service(name) for name in names}
        return listed | {self.services[name] for name in filing.names_in(past.title, self.services)}

    def _service(self, name: str) -> Service:
        service = self.services.get(name.lower()) or self._created.get(name.lower())
        if service is None:
            service = Service(name=name)
            try:
                service.full_clean()
            except ValidationError as error:
                text = f"{name!r}: {' '.join(error.messages)}"
                raise ValidationError({"services": text}) from error
            service.save()
            self._created[name.lower()] = service
        return service


def _write_updates(incident: Incident, updates: Iterable[Update]) -> None:
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            incident=incident,
            at=at,
            kind=TimelineEntry.Kind.UPDATE,
            text=f"**{escape_markdown(state)}** {text}".strip() if state else text,
        )
        for at, state, text in updates
        if state or text
    )


def import_incidents(
    rows: Iterable[tuple[int, Mapping[str, Any] | str]],
    source: str,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> HistoryReport:
    """Import rows with their numbers. `mapping` says which column holds which of our fields.

    A row whose external id is known is left alone. A row that cannot be imported is reported and
    does not stop the others.
    """
    report = HistoryReport()
    with transaction.atomic():
        history = HistoryImport(source, report)
        for number, row in rows:
            place = str(number)
            if isinstance(row, str):
                report.skip(place, row)
                continue
            try:
                past = parse_row(row, mapping or {})
            except ValidationError as error:
                report.skip(place, error_text(error))
                continue
            if not history.is_known(past):
                with history.entry(place, past.external_id):
                    history.file(past, place)
        if dry_run:
            transaction.set_rollback(True)
    return report


def read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Rows of a .csv or JSON-lines file with their line numbers; a broken row as its problem."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        if path.suffix.lower() == ".csv":
            reader = csv.DictReader(file)
            for row in reader:
                yield reader.line_num, {k: v for k, v in row.items() if k is not None}
            return
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                yield number, f"not JSON: {error}"
                continue
            yield number, value if isinstance(value, dict) else "not a JSON object"


def parse_row(row: Mapping[str, Any], mapping: Mapping[str, str]) -> PastIncident:
    """A row of an export as a past incident. Raises ValidationError with the field and value."""
    given: dict[str, Any] = {}
    for name, aliases in COLUMNS.items():
        columns = [mapping[name]] if name in mapping else aliases
        given[name] = next((row[c] for c in columns if row.get(c) not in (None, "", [])), None)
    fields: dict[str, Any] = {
        name: time_of(name, value) if name.endswith("_at") else text_of(value)
        for name, value in given.items()
    }
    fields["services"] = names_of(given["services"])
    fields["updates"] = [update for each in _objects(given["updates"]) if (update := _update(each))]
    return PastIncident(**fields)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _update(row: dict[str, Any]) -> Update | None:
    at = time_of("updates", row.get("at") or row.get("created_at"))
    text = text_of(row.get("message") or row.get("body") or row.get("text"))
    return (at, text_of(row.get("status")), text) if at else None


def text_of(value: Any) -> str:
    return "" if value is None else str(value).replace("\x00", "").strip()


def names_of(value: Any) -> list[str]:
    """Names in a list, or in a text with commas or semicolons between them."""
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    if not isinstance(value, list):
        return []
    names = [v.get("name", "") if isinstance(v, dict) else v for v in value]
    return [text[:100] for name in names if (text := text_of(name))]


def clean_service_name(given: str) -> str:
    """The name without characters that a service's name may not have; empty if none are left."""
    return " ".join(re.sub(r"[^A-Za-z0-9 ._:/@-]+", " ", given).split()).lstrip(" ._:/@-")[:100]


def time_of(name: str, value: Any) -> datetime | None:
    """The time that a field holds; None where it is empty. Raises ValidationError by field."""
    if value in (None, ""):
        return None
    found = parse_time(value)
    if found is None:
        text = f"{text_of(value)[:60]!r} is not a time such as 2026-03-01T02:57Z."
        raise ValidationError({name: text})
    return found

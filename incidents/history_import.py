"""Imports past incidents: rows of CSV or JSON, and what the importers of `kb` read.

An incident is known by its source and its id there, so every import can be repeated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.errors import error_text
from common.file_import import BadFile, ImportReport, Skipped
from common.markdown import escape_markdown
from common.text_files import decoded, read_json_values, read_table
from incidents import filing, severities
from incidents.custom_fields.values import BelongsTo, labels_of
from incidents.history_rows import (
    PastIncident,
    RowOptions,
    Update,
    clean_service_name,
    is_mitigated,
    is_over,
    parse_row,
)
from incidents.history_tables import written_as
from incidents.models import Incident, Service, TimelineEntry
from people import audit

LISTS = ("incidents", "data", "results", "items", "issues", "rows", "tickets", "value")
"""Keys under which exports as JSON hold their rows."""
LONGEST_WITHOUT_WORD = timedelta(days=1)
"""What began earlier and has neither an end nor a state is over: files hold history."""
NO_END = "the file names no end"


@dataclass
class HistoryReport(ImportReport):
    new_services: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """(place, what the person should know about how it was read)"""

    def counted_notes(self) -> list[tuple[str, int]]:
        """Each remark once, with the number of records it is about, most often first."""
        return Counter(note for _, note in self.notes).most_common()


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

    def file(self, past: PastIncident, place: str) -> Incident:
        """Write a past incident, its services and its timeline. Raises ValidationError."""
        start = past.impact_started_at
        if not past.external_id:
            raise ValidationError({"external_id": "Missing: repeatable imports need ids."})
        if not past.title.strip():
            raise ValidationError({"title": "Missing. Name its column with --map title=COLUMN."})
        if start is None:
            raise ValidationError({"impact_started_at": "Missing. Map it with --map."})
        past = _with_end(past, start)
        resolved = Incident.Status.RESOLVED if past.resolved_at else _open_status(past)
        severity = severities.severity_named(past.severity) if past.severity else None
        self._note_how_it_was_read(past, place)
        incident = filing.file_incident(
            title=past.title[:300],
            symptom=past.symptom or next((text for *_, text in past.updates if text), ""),
            resolution=past.resolution,
            severity=severity or severities.DEFAULT,
            services=self._services_of(past, place),
            impact_started_at=start,
            detected_at=past.detected_at,
            acknowledged_at=past.acknowledged_at,
            mitigated_at=past.mitigated_at,
            resolved_at=past.resolved_at,
            guessed_times=past.guessed_times,
            status=resolved,
            custom_fields=past.custom_fields,
            external_source=self.source,
            external_id=past.external_id[:200],
            external_url=past.external_url if past.external_url.startswith("http") else "",
            quiet=True,
        )
        if past.updates:
            add_updates(incident, past.updates)
        self.report.new.append(incident.title)
        return incident

    def _note_how_it_was_read(self, past: PastIncident, place: str) -> None:
        if severities.is_unknown(past.severity):
            note = f"the severity {past.severity[:40]!r} is unknown, {severities.DEFAULT} is used"
            self.report.notes.append((place, note))
        if past.guessed_times.get("resolved_at") == NO_END:
            self.report.notes.append((place, "no end is named: it is over and counts in no figure"))

    def _services_of(self, past: PastIncident, place: str) -> set[Service]:
        """The services it lists, created where they are unknown, and those its title names."""
        names = [name for given in past.services if (name := clean_service_name(given))]
        if names != past.services:
            note = "names of services with characters that ours may not have"
            self.report.notes.append((place, note))
        listed = {self._service(name) for name in names}
        mentioned = {self.services[name] for name in _mentioned(past.mentions, self.services)}
        named = {self.services[name] for name in filing.names_in(past.title, self.services)}
        return listed | mentioned | named

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


def _with_end(past: PastIncident, start: datetime) -> PastIncident:
    """With an end where it is over, guessed if the file names none, and no time before the start.

    Some exports have an end before the start, where a clock was corrected by hand.
    """
    guessed = dict(past.guessed_times)
    times = {}
    for name in ("mitigated_at", "resolved_at"):
        at: datetime | None = getattr(past, name)
        if at and at < start:
            guessed.setdefault(name, "it lay before the start")
        times[name] = max(start, at) if at else None
    resolved_at = times["resolved_at"]
    over = is_over(past)
    if over is None:
        over = timezone.now() - start > LONGEST_WITHOUT_WORD
    if resolved_at is None and over:
        known = [start, times["mitigated_at"], *(at for at, *_ in past.updates)]
        resolved_at = max(at for at in known if at)
        guessed["resolved_at"] = NO_END
    return replace(
        past, mitigated_at=times["mitigated_at"], resolved_at=resolved_at, guessed_times=guessed
    )


def _open_status(past: PastIncident) -> str:
    mitigated = past.mitigated_at or is_mitigated(past)
    return Incident.Status.MITIGATED if mitigated else Incident.Status.INVESTIGATING


def _mentioned(labels: Iterable[str], names: Iterable[str]) -> set[str]:
    """The `names` that a label is, alone or behind a word such as area/ or team:."""
    known = set(names)
    words = {label.strip().lower() for label in labels}
    words |= {re.split(r"[/:]{1,2}", word, maxsplit=1)[-1].strip() for word in words}
    return words & known


def add_updates(incident: Incident, updates: Iterable[Update]) -> int:
    """Write updates as timeline entries; of a moment that has one it is known. How many are new."""
    written = incident.timeline.filter(kind=TimelineEntry.Kind.UPDATE)
    known = set(written.values_list("at", flat=True))
    entries = TimelineEntry.objects.bulk_create(
        TimelineEntry(
            incident=incident,
            at=at,
            kind=TimelineEntry.Kind.UPDATE,
            text=f"**{escape_markdown(state)}** {text}".strip() if state else text,
        )
        for at, state, text in updates
        if (state or text) and at not in known
    )
    audit.created(entries)
    return len(entries)


def import_incidents(
    rows: Iterable[tuple[int, Mapping[str, Any] | str]],
    source: str,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    options: RowOptions | None = None,
) -> HistoryReport:
    """Import rows with their numbers. `mapping` says which column holds which of our fields,
    `options` also in which zone and order their times are written.

    A row whose external id is known is left alone. A row that cannot be imported is reported and
    does not stop the others.
    """
    report = HistoryReport()
    options = options or RowOptions(mapping or {}, fields=labels_of(BelongsTo.INCIDENTS))
    numbered = list(rows)
    whole = [row for _, row in numbered if not isinstance(row, str)]
    options, orders = written_as(whole, options)
    with transaction.atomic():
        history = HistoryImport(source, report)
        for number, row in numbered:
            place = str(number)
            if isinstance(row, str):
                report.skip(place, row)
                continue
            try:
                past = parse_row(row, options, orders)
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
    """Rows of a table or of JSON with their numbers; a broken row as its problem.

    Raises BadFile when there are none.
    """
    text = decoded(path.read_bytes())
    if path.suffix.lower() not in (".json", ".jsonl", ".ndjson"):
        table = read_table(text)
        yield from table.filled_rows()
        if table.problem:
            yield 0, table.problem
        elif not table.rows:
            raise BadFile("It has heads but no rows.")
        return
    number = 0
    for value in read_json_values(text):
        for row in _rows_in(value):
            number += 1
            if isinstance(row, Skipped):
                yield number, row.why
            else:
                yield number, row if isinstance(row, dict) else "not a JSON object"
    if not number:
        raise BadFile("It has no entries.")


def _rows_in(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return next((value[key] for key in LISTS if isinstance(value.get(key), list)), [value])
    return value if isinstance(value, list) else [value]

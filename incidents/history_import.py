"""Brings a history of incidents in from JSON lines or CSV; idempotent by external id."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.dateparse import parse_datetime

from common.errors import error_text
from common.markdown import escape_markdown
from incidents import filing
from incidents.models import Incident, Service, TimelineEntry

# Our field → the names it goes by in exports; the first that is there wins.
NAMES: dict[str, tuple[str, ...]] = {
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
SEVERITIES = {
    "SEV1": ("sev1", "1", "p1", "critical", "major_outage", "high", "blocker"),
    "SEV2": ("sev2", "2", "p2", "major", "partial_outage"),
    "SEV3": ("sev3", "3", "p3", "minor", "degraded_performance", "medium", "low"),
    "SEV4": ("sev4", "4", "p4", "none", "maintenance", "info"),
}


@dataclass
class Report:
    """What an import did: counts, and for each row not taken, its number and why."""

    new: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    new_services: list[str] = field(default_factory=list)


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


def import_incidents(
    rows: Iterable[tuple[int, Mapping[str, Any] | str]],
    source: str,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> Report:
    """Take rows in. `mapping` says which column holds which of our fields.

    A row whose external id is known is left alone, so an import can be repeated. A row that
    cannot be taken is reported and does not stop the others.
    """
    report = Report()
    known = set(
        Incident.objects.filter(external_source=source).values_list("external_id", flat=True)
    )
    services = {service.name.lower(): service for service in Service.objects.all()}
    with transaction.atomic():
        for number, row in rows:
            if isinstance(row, str):
                report.refused.append((number, row))
                continue
            try:
                fields = parse_row(row, mapping or {})
                if fields["external_id"] in known:
                    report.known += 1
                    continue
                with transaction.atomic():
                    _take(fields, source, services, report)
            except (ValidationError, IntegrityError) as error:
                report.refused.append((number, error_text(error)))
            else:
                known.add(fields["external_id"])
                report.new += 1
        if dry_run:
            transaction.set_rollback(True)
    return report


def parse_row(row: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """A row as our fields. Raises ValidationError naming the field and the value."""
    found: dict[str, Any] = {}
    for name, aliases in NAMES.items():
        columns = [mapping[name]] if name in mapping else aliases
        found[name] = next((row[c] for c in columns if row.get(c) not in (None, "", [])), None)
    if not found["external_id"]:
        raise ValidationError({"external_id": "Missing: an import is repeatable only with ids."})
    if not found["title"]:
        raise ValidationError({"title": "Missing. Name its column with --map title=COLUMN."})
    found["external_id"] = text_of(found["external_id"])[:200]
    found["title"] = text_of(found["title"])[:300]
    for name in ("symptom", "resolution", "external_url"):
        found[name] = text_of(found[name] or "")
    for name in [name for name in NAMES if name.endswith("_at")]:
        found[name] = moment_of(name, found[name])
    if found["impact_started_at"] is None:
        raise ValidationError({"impact_started_at": "Missing. Map it with --map."})
    found["severity"] = severity_of(found["severity"])
    found["services"] = names_of(found["services"])
    found["updates"] = [
        (at, status, text)
        for update in (found["updates"] if isinstance(found["updates"], list) else [])
        if isinstance(update, dict)
        and (at := moment_of("updates", update.get("at") or update.get("created_at")))
        and (
            text := text_of(update.get("message") or update.get("body") or update.get("text") or "")
        )
        is not None
        for status in [text_of(update.get("status") or "")]
    ]
    return found


def text_of(value: Any) -> str:
    return str(value).replace("\x00", "").strip()


def names_of(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    if not isinstance(value, list):
        return []
    names = [v.get("name", "") if isinstance(v, dict) else v for v in value]
    return [text[:100] for name in names if (text := text_of(name))]


def severity_of(value: Any) -> str:
    text = text_of(value or "").lower().replace(" ", "_").replace("-", "")
    return next((sev for sev, names in SEVERITIES.items() if text in names), "SEV3")


def moment_of(name: str, value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
        parsed = parse_datetime(text_of(value))
    except (ValueError, OverflowError, OSError):
        parsed = None
    if parsed is None:
        raise ValidationError(
            {name: f"{text_of(value)[:60]!r} is not a time such as 2026-03-01T02:57Z."}
        )
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _take(
    fields: dict[str, Any], source: str, services: dict[str, Service], report: Report
) -> None:
    updates, names = fields.pop("updates"), fields.pop("services")
    start = fields["impact_started_at"]
    for name in ("mitigated_at", "resolved_at"):
        # Some exports note an end before the start when a clock was corrected by hand.
        if fields[name] and fields[name] < start:
            fields[name] = start
    if not fields["symptom"] and updates:
        fields["symptom"] = updates[0][2]
    resolved = fields["resolved_at"] is not None
    incident = filing.file_incident(
        services=[service_named(name, services, report) for name in names],
        status=Incident.Status.RESOLVED if resolved else Incident.Status.INVESTIGATING,
        external_source=source,
        quiet=True,
        **fields,
    )
    write_updates(incident, updates)


def write_updates(incident: Incident, updates: Iterable[tuple[datetime, str, str]]) -> None:
    """Rows of (time, state or author, text) as the incident's timeline."""
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


def service_named(name: str, services: dict[str, Service], report: Report) -> Service:
    service = services.get(name.lower())
    if service is None:
        service = Service(name=name)
        try:
            service.full_clean()
        except ValidationError as error:
            raise ValidationError({"services": f"{name!r}: {' '.join(error.messages)}"}) from error
        service.save()
        services[name.lower()] = service
        report.new_services.append(name)
    return service

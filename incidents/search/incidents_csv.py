"""Incidents as rows of CSV, with the columns that the import of history reads.

Custom fields follow the others, by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from common.csv_text import csv_lines
from common.viewer import Viewer
from incidents.custom_fields.values import BelongsTo, by_name, fields_of, with_values
from incidents.models import Incident
from incidents.search.filters import incidents_by_keys
from incidents.search.row_causes import IncidentRow, rows_of

AT_ONCE = 500
COLUMNS = (
    "reference", "title", "severity", "status", "services", "cause", "cause_state", "times_so_far",
    "owner", *Incident.TIMES, "minutes", "resolution", "external_url",
)  # fmt: skip


def incidents_csv(incidents: QuerySet[Incident], viewer: Viewer) -> Iterator[str]:
    """Lines of CSV for `incidents`, which `viewer` may see, in their order: head first."""
    return csv_lines(_rows(incidents, viewer))


def _rows(incidents: QuerySet[Incident], viewer: Viewer) -> Iterator[Sequence[object]]:
    custom = [field.name for field in fields_of(BelongsTo.INCIDENTS)]
    yield [*COLUMNS, *custom]
    # Keys first, then rows by the hundred: no cursor stays open while a slow client reads.
    keys = list(incidents.values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        # Who lost sight of one meanwhile gets no more of it.
        seen = incidents.filter(pk__in=keys[start : start + AT_ONCE])
        visible = set(seen.order_by().values_list("pk", flat=True))
        shown = (key for key in keys[start : start + AT_ONCE] if key in visible)
        related: list[str | Prefetch[Any]] = ["services"]
        if custom:
            related.append(with_values(BelongsTo.INCIDENTS))
        for row in rows_of(incidents_by_keys(shown, related), viewer, count_to=None):
            values = by_name(row.incident) if custom else {}
            yield [*_cells(row), *(values.get(name, "") for name in custom)]


def _cells(row: IncidentRow) -> Sequence[object]:
    incident, cause = row.incident, row.cause
    times: list[datetime | None] = [getattr(incident, name) for name in Incident.TIMES]
    minutes = round(incident.duration().total_seconds() / 60, 1)
    return [
        incident.reference, incident.title, incident.severity, incident.status,
        "; ".join(service.name for service in incident.services.all()),
        cause.name if cause else "", cause.state if cause else "", (cause and cause.nth) or "",
        incident.owner.get_username() if incident.owner else "",
        *(at.isoformat(timespec="seconds") if at else "" for at in times),
        minutes if incident.has_measured_duration else "",
        incident.resolution, incident.external_url,
    ]  # fmt: skip

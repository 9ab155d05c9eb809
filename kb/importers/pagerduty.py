from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kb.importers.base import (
    ImportedIncident,
    JsonImporter,
    MergedAlert,
    ReadResult,
    first_value,
    json_rows,
    objects_in,
    text_value,
)

_GENERATED = "merge_resolve_reason"


class PagerDutyImporter(JsonImporter):
    """Answers of GET /incidents, with `include[]=first_trigger_log_entries` or without.

    An incident that was merged into another becomes an alert of that one. Urgency says who is
    called, not how bad it is: without a priority the severity is unknown.
    """

    kind = "pagerduty"
    title = "PagerDuty"
    accepts = _("a .json file, as the API or an export gives it")

    lists = ("incidents",)

    def read(self, path: Path) -> Iterator[ReadResult]:
        yield from self.read_rows(list(json_rows(path, *self.lists)))

    def read_rows(self, rows: Sequence[tuple[str, dict[str, Any] | str]]) -> Iterator[ReadResult]:
        """Incidents that belong together: those that were merged go into one of them."""
        target = {
            _id(row): into
            for _position, row in rows
            if isinstance(row, dict) and (into := merged_into(row))
        }
        known = {_id(row) for _position, row in rows if isinstance(row, dict)} - set(target)
        merged: dict[str, list[MergedAlert]] = {}
        for _position, row in rows:
            into = _last(target, _id(row)) if isinstance(row, dict) else ""
            if isinstance(row, dict) and into in known and (alert := self._alert(row)):
                merged.setdefault(into, []).append(alert)
        for position, row in rows:
            if isinstance(row, dict) and (into := _last(target, _id(row))):
                if into not in known:
                    yield position, f"it was merged into {into}, which this file does not hold"
                continue
            for place, record in self.read_row(position, row):
                if isinstance(record, ImportedIncident):
                    record.merged = merged.get(record.external_id, [])
                yield place, record

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        services = [text_value(first_value(row, "service.summary", "service.name", "service_name"))]
        impacted = row.get("impacted_services")
        services += [
            text_value(first_value(each, "summary", "name")) for each in objects_in(impacted)
        ]
        resolved = self.time("resolved_at", row.get("resolved_at"))
        if resolved is None and row.get("status") == "resolved":
            resolved = self.time("last_status_change_at", row.get("last_status_change_at"))
        acknowledged = [
            self.time("acknowledgements", each.get("at"))
            for each in objects_in(row.get("acknowledgements"))
        ]
        title = text_value(first_value(row, "title", "summary", "description"))
        symptom = text_value(first_value(row, "body.details", "description"))
        reason = text_value(first_value(row, "resolve_reason.type", "resolution"))
        return ImportedIncident(
            external_id=_id(row),
            title=title,
            symptom="" if symptom == title else symptom,
            resolution="" if reason.endswith("resolve_reason") else reason,
            severity=text_value(first_value(row, "priority.summary", "priority.name")),
            impact_started_at=self.time("created_at", first_value(row, "created_at", "created_on")),
            acknowledged_at=min((at for at in acknowledged if at), default=None),
            resolved_at=resolved,
            status=text_value(row.get("status")),
            services=[name for name in dict.fromkeys(services) if name],
            external_url=text_value(row.get("html_url")),
            updates=[
                (at, text_value(first_value(note, "user.summary")), text_value(note.get("content")))
                for note in objects_in(row.get("notes"))
                if (at := self.time("notes", note.get("created_at")))
            ],
        )

    def _alert(self, row: dict[str, Any]) -> MergedAlert | None:
        """The alert that a merged incident was; None if it has no time."""
        try:
            record = self.record(row)
        except ValidationError:
            return None
        start = record.impact_started_at
        if start is None:
            return None
        end = record.resolved_at
        return MergedAlert(
            record.external_id, record.title, start, max(start, end) if end else None,
            record.severity, record.external_url,
        )  # fmt: skip


def _id(row: dict[str, Any]) -> str:
    return text_value(first_value(row, "id", "incident_number"))


def merged_into(row: dict[str, Any]) -> str:
    """The id of the incident that took it in; empty if it was not merged."""
    reason = row.get("resolve_reason")
    if not isinstance(reason, dict) or text_value(reason.get("type")) != _GENERATED:
        return ""
    return text_value(first_value(reason, "incident.id", "incident.incident_number"))


def _last(target: dict[str, str], key: str) -> str:
    """Into which incident it went in the end; empty if it was not merged."""
    seen = {key}
    into = target.get(key, "")
    while into in target and into not in seen:
        seen.add(into)
        into = target[into]
    return into

from __future__ import annotations

from typing import Any

from incidents.history_import import time_of
from kb.importers.base import JsonImporter, Record, first, objects, words


class PagerDutyImporter(JsonImporter):
    """Answers of GET /incidents, with `include[]=first_trigger_log_entries` or without."""

    kind = "pagerduty"
    title = "PagerDuty"
    takes = "a .json file, as the API or an export gives it"

    lists = ("incidents",)

    def record(self, row: dict[str, Any]) -> Record:
        services = [words(first(row, "service.summary", "service.name", "service_name"))]
        impacted = row.get("impacted_services")
        services += [words(first(each, "summary", "name")) for each in objects(impacted)]
        changed = time_of("last_status_change_at", row.get("last_status_change_at"))
        resolved = time_of("resolved_at", row.get("resolved_at"))
        if resolved is None and row.get("status") == "resolved":
            resolved = changed
        acknowledged = [
            time_of("acknowledgements", each.get("at"))
            for each in objects(row.get("acknowledgements"))
        ]
        return Record(
            external_id=words(first(row, "id", "incident_number")),
            title=words(first(row, "title", "summary", "description")),
            symptom=words(first(row, "body.details", "description")),
            resolution=words(first(row, "resolve_reason.type", "resolution")),
            severity=words(first(row, "priority.summary", "priority.name", "urgency")),
            impact_started_at=time_of("created_at", first(row, "created_at", "created_on")),
            acknowledged_at=min((at for at in acknowledged if at), default=None),
            resolved_at=resolved,
            services=[name for name in dict.fromkeys(services) if name],
            external_url=words(row.get("html_url")),
            updates=[
                (at, words(first(note, "user.summary")), words(note.get("content")))
                for note in objects(row.get("notes"))
                if (at := time_of("notes", note.get("created_at")))
            ],
        )

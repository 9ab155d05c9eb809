from __future__ import annotations

from typing import Any

from incidents.history_import import time_of
from kb.importers.base import ImportedIncident, JsonImporter, first_value, objects_in, text_value


class PagerDutyImporter(JsonImporter):
    """Answers of GET /incidents, with `include[]=first_trigger_log_entries` or without."""

    kind = "pagerduty"
    title = "PagerDuty"
    accepts = "a .json file, as the API or an export gives it"

    lists = ("incidents",)

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        services = [text_value(first_value(row, "service.summary", "service.name", "service_name"))]
        impacted = row.get("impacted_services")
        services += [
            text_value(first_value(each, "summary", "name")) for each in objects_in(impacted)
        ]
        changed = time_of("last_status_change_at", row.get("last_status_change_at"))
        resolved = time_of("resolved_at", row.get("resolved_at"))
        if resolved is None and row.get("status") == "resolved":
            resolved = changed
        acknowledged = [
            time_of("acknowledgements", each.get("at"))
            for each in objects_in(row.get("acknowledgements"))
        ]
        return ImportedIncident(
            external_id=text_value(first_value(row, "id", "incident_number")),
            title=text_value(first_value(row, "title", "summary", "description")),
            symptom=text_value(first_value(row, "body.details", "description")),
            resolution=text_value(first_value(row, "resolve_reason.type", "resolution")),
            severity=text_value(first_value(row, "priority.summary", "priority.name", "urgency")),
            impact_started_at=time_of("created_at", first_value(row, "created_at", "created_on")),
            acknowledged_at=min((at for at in acknowledged if at), default=None),
            resolved_at=resolved,
            services=[name for name in dict.fromkeys(services) if name],
            external_url=text_value(row.get("html_url")),
            updates=[
                (at, text_value(first_value(note, "user.summary")), text_value(note.get("content")))
                for note in objects_in(row.get("notes"))
                if (at := time_of("notes", note.get("created_at")))
            ],
        )

from __future__ import annotations

from typing import Any

from incidents.history_import import time_of
from kb.importers.base import ImportedAction, JsonImporter, Record, first, objects, words


class DispatchImporter(JsonImporter):
    """Incidents of Netflix Dispatch with their events and tasks: GET /incidents."""

    kind = "dispatch"
    title = "Dispatch"
    takes = "a .json file of incidents"

    lists = (
        "items",
        "incidents",
    )

    def record(self, row: dict[str, Any]) -> Record:
        tags = [words(first(tag, "name")) for tag in objects(row.get("tags"))]
        return Record(
            external_id=words(first(row, "name", "id")),
            title=words(row.get("title")),
            symptom=words(row.get("description")),
            resolution=words(row.get("resolution")),
            severity=words(
                first(row, "incident_severity.name", "incident_priority.name", "severity")
            ),
            impact_started_at=time_of("reported_at", first(row, "reported_at", "created_at")),
            mitigated_at=time_of("stable_at", row.get("stable_at")),
            resolved_at=time_of("closed_at", first(row, "closed_at", "stable_at")),
            services=[tag for tag in tags if tag],
            updates=[
                (at, words(event.get("source")), words(event.get("description")))
                for event in objects(row.get("events"))
                if (at := time_of("events", first(event, "started_at", "created_at")))
            ],
            actions=[
                ImportedAction(
                    title=words(first(task, "description", "name"))[:300],
                    owner=words(first(task, "owner.individual.name", "owner")),
                    state="done" if words(task.get("status")).lower() == "resolved" else "open",
                    tracker_url=words(task.get("weblink")),
                )
                for task in objects(row.get("tasks"))
                if words(first(task, "description", "name"))
            ],
        )

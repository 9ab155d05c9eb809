from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kb.importers.base import (
    ImportedAction,
    ImportedIncident,
    JsonImporter,
    first_value,
    objects_in,
    text_value,
)

_SERVICE_TYPES = {
    "service",
    "services",
    "application",
    "app",
    "component",
    "system",
    "microservice",
}


class DispatchImporter(JsonImporter):
    """Incidents of Netflix Dispatch with their events and tasks: GET /incidents."""

    kind = "dispatch"
    title = "Dispatch"
    accepts = _("a .json file of incidents")

    lists = (
        "items",
        "incidents",
    )

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        tags = objects_in(row.get("tags"))
        services = [tag for tag in tags if _type_of(tag) in _SERVICE_TYPES]
        return ImportedIncident(
            external_id=text_value(first_value(row, "name", "id")),
            title=text_value(row.get("title")),
            symptom=text_value(row.get("description")),
            resolution=text_value(row.get("resolution")),
            severity=text_value(
                first_value(row, "incident_severity.name", "incident_priority.name", "severity")
            ),
            impact_started_at=self.time(
                "reported_at", first_value(row, "reported_at", "created_at")
            ),
            mitigated_at=self.time("stable_at", row.get("stable_at")),
            resolved_at=self.time("closed_at", first_value(row, "closed_at", "stable_at")),
            status=text_value(row.get("status")),
            services=_names(services),
            mentions=_names(tags),
            updates=[
                (at, text_value(event.get("source")), text_value(event.get("description")))
                for event in objects_in(row.get("events"))
                if (at := self.time("events", first_value(event, "started_at", "created_at")))
            ],
            actions=[
                ImportedAction(
                    title=text_value(first_value(task, "description", "name"))[:300],
                    owner=text_value(first_value(task, "owner.individual.name", "owner")),
                    state="done"
                    if text_value(task.get("status")).lower() == "resolved"
                    else "open",
                    tracker_url=text_value(task.get("weblink")),
                )
                for task in objects_in(row.get("tasks"))
                if text_value(first_value(task, "description", "name"))
            ],
        )


def _type_of(tag: dict[str, Any]) -> str:
    return text_value(first_value(tag, "tag_type.name", "type", "source")).lower()


def _names(tags: list[dict[str, Any]]) -> list[str]:
    return [name for tag in tags if (name := text_value(tag.get("name")))]

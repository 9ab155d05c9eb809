from __future__ import annotations

from typing import Any

from incidents.history_import import time_of
from kb.importers.base import JsonImporter, Record, first, objects, words


class OnCallImporter(JsonImporter):
    """Alert groups: answers of Grafana OnCall's GET /api/v1/alert_groups/."""

    kind = "oncall"
    title = "Grafana OnCall"
    takes = "a .json file of alert groups"

    lists = ("results",)

    def record(self, row: dict[str, Any]) -> Record:
        named = {
            words(first(each, "key.name", "key")): words(first(each, "value.name", "value"))
            for each in objects(row.get("labels"))
        }
        service = named.get("service_name") or named.get("service")
        return Record(
            external_id=words(first(row, "id", "pk")),
            title=words(row.get("title")),
            symptom=words(first(row, "last_alert.payload.message", "message")),
            severity=named.get("severity", ""),
            impact_started_at=time_of("created_at", row.get("created_at")),
            acknowledged_at=time_of("acknowledged_at", row.get("acknowledged_at")),
            resolved_at=time_of("resolved_at", row.get("resolved_at")),
            services=[service] if service else [],
            external_url=words(first(row, "permalinks.web")),
        )

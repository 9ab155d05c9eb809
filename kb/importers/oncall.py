from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kb.importers.base import ImportedIncident, JsonImporter, first_value, objects_in, text_value


class OnCallImporter(JsonImporter):
    """Alert groups: answers of Grafana OnCall's GET /api/v1/alert_groups/."""

    kind = "oncall"
    title = "Grafana OnCall"
    accepts = _("a .json file of alert groups")

    lists = ("results",)

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        named = {
            text_value(first_value(each, "key.name", "key")): text_value(
                first_value(each, "value.name", "value")
            )
            for each in objects_in(row.get("labels"))
        }
        service = named.get("service_name") or named.get("service")
        return ImportedIncident(
            external_id=text_value(first_value(row, "id", "pk")),
            title=text_value(row.get("title")),
            symptom=text_value(first_value(row, "last_alert.payload.message", "message")),
            severity=named.get("severity", ""),
            impact_started_at=self.time("created_at", row.get("created_at")),
            acknowledged_at=self.time("acknowledged_at", row.get("acknowledged_at")),
            resolved_at=self.time("resolved_at", row.get("resolved_at")),
            status=text_value(row.get("state")),
            services=[service] if service else [],
            external_url=text_value(first_value(row, "permalinks.web")),
        )

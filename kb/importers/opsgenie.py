from __future__ import annotations

from typing import Any

from incidents.history_import import names_of, time_of
from kb.importers.base import ImportedIncident, JsonImporter, first_value, text_value


class OpsgenieImporter(JsonImporter):
    """Answers of GET /v1/incidents; alerts of the same shape are imported too."""

    kind = "opsgenie"
    title = "Opsgenie"
    accepts = "a .json file, as the API or a backup gives it"

    lists = (
        "data",
        "incidents",
    )

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        closed = text_value(row.get("status")).lower() in ("closed", "resolved")
        ended = (
            first_value(row, "resolvedAt", "closedAt") or (closed and row.get("updatedAt")) or None
        )
        services = names_of(
            first_value(row, "impactedServiceNames", "extraProperties.services", "details.services")
        )
        return ImportedIncident(
            external_id=text_value(first_value(row, "id", "tinyId")),
            title=text_value(first_value(row, "message", "title")),
            symptom=text_value(row.get("description")),
            severity=text_value(row.get("priority")),
            impact_started_at=time_of(
                "createdAt", first_value(row, "impactStartDate", "impactDetectDate", "createdAt")
            ),
            detected_at=time_of("impactDetectDate", row.get("impactDetectDate")),
            resolved_at=time_of("impactEndDate", row.get("impactEndDate") or ended),
            services=services,
            external_url=text_value(first_value(row, "links.web")),
        )

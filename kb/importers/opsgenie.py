from __future__ import annotations

from typing import Any

from incidents.history_import import names_of, time_of
from kb.importers.base import JsonImporter, Record, first, words


class OpsgenieImporter(JsonImporter):
    """Answers of GET /v1/incidents; alerts in the same shape are taken too."""

    kind = "opsgenie"
    title = "Opsgenie"
    takes = "a .json file, as the API or a backup gives it"

    lists = (
        "data",
        "incidents",
    )

    def record(self, row: dict[str, Any]) -> Record:
        closed = words(row.get("status")).lower() in ("closed", "resolved")
        ended = first(row, "resolvedAt", "closedAt") or (closed and row.get("updatedAt")) or None
        services = names_of(
            first(row, "impactedServiceNames", "extraProperties.services", "details.services")
        )
        return Record(
            external_id=words(first(row, "id", "tinyId")),
            title=words(first(row, "message", "title")),
            symptom=words(row.get("description")),
            severity=words(row.get("priority")),
            impact_started_at=time_of(
                "createdAt", first(row, "impactStartDate", "impactDetectDate", "createdAt")
            ),
            detected_at=time_of("impactDetectDate", row.get("impactDetectDate")),
            resolved_at=time_of("impactEndDate", row.get("impactEndDate") or ended),
            services=services,
            external_url=words(first(row, "links.web")),
        )

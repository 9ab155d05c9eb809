from __future__ import annotations

from typing import Any

from incidents.history_import import moment_of, names_of
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
            impact_started_at=moment_of(
                "createdAt", first(row, "impactStartDate", "impactDetectDate", "createdAt")
            ),
            detected_at=moment_of("impactDetectDate", row.get("impactDetectDate")),
            resolved_at=moment_of("impactEndDate", row.get("impactEndDate") or ended),
            services=services,
            url=words(first(row, "links.web")),
        )

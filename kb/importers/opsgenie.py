from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from incidents.history_rows import names_of, updates_of
from kb.importers.base import ImportedIncident, JsonImporter, first_value, text_value


class OpsgenieImporter(JsonImporter):
    """Answers of GET /v1/incidents; alerts of the same shape are imported too."""

    kind = "opsgenie"
    title = "Opsgenie"
    accepts = _("a .json file, as the API or a backup gives it")

    lists = (
        "data",
        "incidents",
    )

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        status = text_value(row.get("status"))
        closed = status.lower() in ("closed", "resolved")
        ended = first_value(row, "impactEndDate", "resolvedAt", "closedAt")
        changed = row.get("updatedAt") if closed and not ended else None
        services = names_of(
            first_value(row, "impactedServiceNames", "extraProperties.services", "details.services")
        )
        return ImportedIncident(
            external_id=text_value(first_value(row, "id", "tinyId")),
            title=text_value(first_value(row, "message", "title")),
            symptom=text_value(row.get("description")),
            severity=text_value(row.get("priority")),
            impact_started_at=self.time(
                "createdAt", first_value(row, "impactStartDate", "impactDetectDate", "createdAt")
            ),
            detected_at=self.time("impactDetectDate", row.get("impactDetectDate")),
            resolved_at=self.time("impactEndDate", ended or changed),
            status=status,
            services=services,
            updates=updates_of(row.get("updates")),
            mentions=names_of(row.get("tags")),
            guessed_times={"resolved_at": "the time of its last change"} if changed else {},
            external_url=text_value(first_value(row, "links.web")),
        )

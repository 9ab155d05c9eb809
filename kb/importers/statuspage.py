from __future__ import annotations

from typing import Any

from incidents.history_import import parse_row
from kb.importers.base import ImportedIncident, JsonImporter, text_value


class StatuspageImporter(JsonImporter):
    """The incident history of a status page: GET /api/v2/incidents.json or an export."""

    kind = "statuspage"
    title = "Statuspage"
    accepts = "a .json or .jsonl file of incidents with their updates"

    lists = ("incidents",)

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        fields = parse_row(row, self.mapping)
        body = text_value(row.get("postmortem_body"))
        return ImportedIncident(
            external_id=fields["external_id"],
            title=fields["title"],
            symptom=fields["symptom"] or next((text for *_, text in fields["updates"]), ""),
            resolution=fields["resolution"],
            severity=fields["severity"],
            impact_started_at=fields["impact_started_at"],
            mitigated_at=fields["mitigated_at"],
            resolved_at=fields["resolved_at"],
            services=fields["services"],
            url=text_value(row.get("shortlink")) or fields["external_url"],
            updates=fields["updates"],
            body=body,
            body_title=f"Postmortem: {fields['title']}" if body else "",
        )

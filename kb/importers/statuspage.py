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
        past = parse_row(row, self.mapping)
        past.external_url = text_value(row.get("shortlink")) or past.external_url
        body = text_value(row.get("postmortem_body"))
        title = f"Postmortem: {past.title}" if body else ""
        return ImportedIncident(**vars(past), body=body, body_title=title)

from __future__ import annotations

from typing import Any

from incidents.history_import import parse_row
from kb.importers.base import JsonImporter, Record, words


class StatuspageImporter(JsonImporter):
    """The incident history of a status page: GET /api/v2/incidents.json or an export."""

    kind = "statuspage"
    title = "Statuspage"
    takes = "a .json or .jsonl file of incidents with their updates"

    lists = ("incidents",)

    def record(self, row: dict[str, Any]) -> Record:
        past = parse_row(row, self.mapping)
        past.external_url = words(row.get("shortlink")) or past.external_url
        body = words(row.get("postmortem_body"))
        title = f"Postmortem: {past.title}" if body else ""
        return Record(**vars(past), body=body, body_title=title)

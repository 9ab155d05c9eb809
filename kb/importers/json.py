from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from incidents.history_rows import ONLY_A_DAY, parse_row
from kb.importers.base import ImportedIncident, JsonImporter, text_value
from kb.importers.report_fields import read_body

_NAMED = ("name", "summary", "title", "slug", "value", "display_name", "human")


class JsonRowsImporter(JsonImporter):
    """Incidents as JSON with the usual names of keys: answers of incident.io, FireHydrant, Rootly,
    ServiceNow's table API, Better Stack and other tools.
    """

    kind = "json"
    title = "JSON"
    accepts = _("a .json or .jsonl file with a list of incidents")

    lists = ("incidents", "data", "result", "results", "items", "issues", "tickets", "records",
             "value", "rows")  # fmt: skip

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        attributes = row.get("attributes")
        row = {**row, **attributes} if isinstance(attributes, dict) else row
        past = parse_row({key: _plain(value) for key, value in row.items()}, self.options)
        body = text_value(row.get("postmortem_body") or row.get("postmortem"))
        record = ImportedIncident(**vars(past), body=body)
        read_body(record, body or record.symptom, self.options.order)
        if ONLY_A_DAY in record.guessed_times.values():
            record.notes.append("times without an hour count in no figure")
        return record


def _plain(value: Any, depth: int = 0) -> Any:
    """The name of an object, also below “data” and “attributes” of JSON:API."""
    if isinstance(value, Mapping) and depth < 4:
        for key in ("data", "attributes", "service"):
            if isinstance(value.get(key), Mapping | list):
                return _plain(value[key], depth + 1)
        return next((value[key] for key in _NAMED if isinstance(value.get(key), str)), "")
    if isinstance(value, list) and depth < 4:
        if any(isinstance(each, dict) and ("body" in each or "message" in each) for each in value):
            return value  # Updates have times and texts.
        return [_plain(each, depth + 1) for each in value]
    return value

from __future__ import annotations

from datetime import datetime
from typing import Any

from common.times import parse_time
from incidents.history_import import time_of
from kb.importers.base import ImportedIncident, first_value, text_value
from kb.importers.csv import CsvImporter as _Table

_MONTH_FIRST = ("%m/%d/%Y %H:%M",)


class JiraImporter(_Table):
    """Jira's export of a search as CSV; of columns that repeat, the last one that is filled."""

    kind = "jira"
    title = "Jira CSV"
    accepts = "a .csv file that Jira exported"

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        def given(field: str, *columns: str) -> str:
            keys = (self.mapping[field],) if field in self.mapping else columns
            return text_value(first_value(row, *keys))

        cause = given("causes", "Custom field (Root cause)", "Custom field (Root Cause)")
        key = given("external_id", "Issue key", "Key")
        return super().record(
            {
                "id": key,
                "title": given("title", "Summary"),
                "symptom": given("symptom", "Description"),
                "resolution": given("resolution", "Custom field (Resolution notes)"),
                "severity": given("severity", "Custom field (Severity)", "Priority"),
                "started_at": _time(
                    given("impact_started_at", "Custom field (Start time)", "Created")
                ),
                "resolved_at": _time(given("resolved_at", "Custom field (End time)", "Resolved")),
                "services": given("services", "Component/s", "Components", "Affected services"),
                "cause": cause,
            }
        )


def _time(value: str) -> datetime | None:
    """Jira writes times by the settings of who exported; with slashes, the month comes first."""
    return parse_time(value, formats=_MONTH_FIRST) or time_of("Created", value)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from incidents.history_import import moment_of
from kb.importers.base import ImportedIncident, first_value, text_value
from kb.importers.csv import CsvImporter as _Table

_FORMATS = ("%d/%b/%y %I:%M %p", "%d/%b/%y %H:%M", "%d/%b/%Y %H:%M", "%m/%d/%Y %H:%M")


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
                "started_at": _moment(
                    given("impact_started_at", "Custom field (Start time)", "Created")
                ),
                "resolved_at": _moment(given("resolved_at", "Custom field (End time)", "Resolved")),
                "services": given("services", "Component/s", "Components", "Affected services"),
                "cause": cause,
            }
        )


def _moment(value: str) -> Any:
    """Jira writes times in its own way, by the settings of who exported."""
    for form in _FORMATS:
        try:
            return datetime.strptime(value, form).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return moment_of("Created", value) and value

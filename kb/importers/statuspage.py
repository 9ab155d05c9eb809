from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from incidents.history_rows import ONLY_A_DAY, parse_row
from kb.importers.base import CannotImport, ImportedIncident, JsonImporter, text_value
from kb.importers.report_fields import read_body

_MAINTENANCE = {"scheduled", "in_progress", "verifying", "completed", "maintenance", "notstarted"}
_RESOLVED = {"resolved", "postmortem", "fixed"}
_CACHET_STATES = {"0": "scheduled", "1": "investigating", "2": "identified", "3": "monitoring",
                  "4": "fixed"}  # fmt: skip


class StatuspageImporter(JsonImporter):
    """The incident history of a status page: Atlassian Statuspage (GET /api/v2/incidents.json),
    Instatus, Cachet and their relatives. Maintenance is no incident.
    """

    kind = "statuspage"
    title = "Statuspage"
    accepts = _("a .json or .jsonl file of incidents with their updates")

    lists = ("incidents", "data", "results", "issues")

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        row = _flat(row)
        if _is_maintenance(row):
            raise CannotImport("it is a maintenance, no incident")
        past = parse_row(row, self.options)
        past.external_url = text_value(row.get("shortlink")) or past.external_url
        body = text_value(row.get("postmortem_body")) or _postmortem_among(past.updates)
        shown = [update for update in past.updates if update[1].lower() != "postmortem"]
        past.updates = shown if body else past.updates
        resolved = [at for at, state, _ in past.updates if state.lower() in _RESOLVED]
        if past.resolved_at is None and resolved and past.status.lower() in _RESOLVED:
            past.resolved_at = resolved[-1]
        if past.impact_started_at is None and past.updates:
            past.impact_started_at = past.updates[0][0]
            past.guessed_times["impact_started_at"] = "the time of its first update"
        past.symptom = past.symptom or next((text for *_, text in past.updates if text), "")
        title = f"Postmortem: {past.title}" if body else ""
        record = ImportedIncident(**vars(past), body=body, body_title=title)
        read_body(record, body, self.options.order)
        if ONLY_A_DAY in record.guessed_times.values():
            record.notes.append("times without an hour count in no figure")
        return record


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the attributes of JSON:API beside its id, and states in words."""
    attributes = row.get("attributes")
    row = {**row, **attributes} if isinstance(attributes, dict) else dict(row)
    for key, value in row.items():
        # Cachet 3 has each time and state in words for people, and as a value beside them.
        if isinstance(value, dict) and "human" in value:
            row[key] = value.get("string") or value["human"]
    row["id"] = row.get("id") or row.get("permalink")
    state = text_value(row.get("human_status") or row.get("status"))
    row["status"] = _CACHET_STATES.get(state, state)
    row.pop("human_status", None)
    return row


def _is_maintenance(row: dict[str, Any]) -> bool:
    words = {text_value(row.get(key)).lower() for key in ("impact", "type", "status")}
    # cState calls posts that are no incident so.
    if row.get("informational") is True:
        return True
    return bool(row.get("scheduled_for") or row.get("scheduled_at") or words & _MAINTENANCE)


def _postmortem_among(updates: list[Any]) -> str:
    return next((text for _, state, text in updates if state.lower() == "postmortem" and text), "")

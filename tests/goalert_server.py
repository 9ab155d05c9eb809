"""GoAlert as its webhooks and its GraphQL API with an API key were in November 2026.

From its source: `notification/webhook`, `alert/alertlog`, `apikey` and `graphql2`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kb.chat.goalert import DOCUMENT

STATES = {"StatusAcknowledged": "Acknowledged", "StatusClosed": "Closed"}


@dataclass
class GoAlert:
    """Alerts by number. A key runs one document; any other is refused."""

    keys: set[str]
    webhooks: list[tuple[str, dict[str, Any]]]
    alerts: dict[int, dict[str, Any]] = field(default_factory=dict)

    def open_alert(self, number: int, summary: str, **meta: str) -> None:
        self.alerts[number] = {
            "Summary": summary, "state": "Triggered", "Details": "", "ServiceID": "7c1e3f5a",
            "ServiceName": "Databases", "Meta": meta,
        }  # fmt: skip

    def answer(self, method: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if headers.get("authorization") not in {f"Bearer {key}" for key in self.keys}:
            return 401, None
        if method != "POST":
            return 405, None
        if body.get("query", DOCUMENT) != DOCUMENT:
            return 422, {"errors": [{"message": "wrong query for API key"}], "data": None}
        given = body["variables"]["input"]
        if given["newStatus"] not in STATES:
            return 200, {"errors": [{"message": "invalid value for Status"}], "data": None}
        updated = [
            number
            for number in given["alertIDs"]
            if number in self.alerts
            and self.alerts[number]["state"] not in ("Closed", STATES[given["newStatus"]])
        ]
        for number in updated:
            self.act(STATES[given["newStatus"]], number)
        return 200, {"data": {"updateAlerts": [{"id": str(number)} for number in updated]}}

    def act(self, state: str, number: int, by: str = "") -> dict[str, Any]:
        """Somebody acknowledges or closes an alert; a key is nobody."""
        self.alerts[number]["state"] = state
        entry = f"{state} by {by}" if by else state
        return self.webhook(number, Type="AlertStatus", LogEntry=entry)

    def webhook(self, number: int, **fields: Any) -> dict[str, Any]:
        """What it posts about an alert; also added to `webhooks`."""
        known = {name: value for name, value in self.alerts[number].items() if name != "state"}
        url = f"https://goalert.example/alerts/{number}"
        body = {"AppName": "GoAlert", "Type": "Alert", "AlertID": number, **known,
                "GoAlertURL": url, **fields}  # fmt: skip
        self.webhooks.append(("goalert", body))
        return body

"""What somebody does in each of the pagers that the tests play, and what can be seen there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone

from tests.grafana_oncall_server import SENDER_ID
from tests.pager_server import SENDER, Pagers


class Played(ABC):
    """One vendor's half of `Pagers`. A record is what an alert here comes from."""

    kind: ClassVar[str]
    title: ClassVar[str]
    record: ClassVar[str] = "PT4KHLK"
    other: ClassVar[str] = "POTHER"
    sender: ClassVar[str] = "PSENDER"
    """The id there of the account that the product acts as."""
    refusal: ClassVar[int] = 401
    """With which it answers a key that was revoked."""
    writes: ClassVar[int] = 3
    """Requests for a note, an acknowledgement and a resolution with what ended it."""
    has_notes: ClassVar[bool] = True

    def __init__(self, pagers: Pagers) -> None:
        self.pagers = pagers

    @abstractmethod
    def page(self, record: str, title: str) -> None:
        """It calls somebody for a new record about orders-db."""

    @abstractmethod
    def acknowledge(self, record: str) -> None:
        """Ada does, there."""

    @abstractmethod
    def resolve(self, record: str) -> None:
        """Ada does, there."""

    @abstractmethod
    def notes(self, record: str) -> list[str]: ...

    @abstractmethod
    def state(self, record: str) -> str:
        """triggered, acknowledged or resolved"""

    @abstractmethod
    def date(self, body: dict[str, Any], at: datetime) -> None:
        """Make a webhook of an acknowledgement one of `at`, by the account of SENDER."""


class PlayedPagerDuty(Played):
    kind, title = "pagerduty", "PagerDuty"
    ada: ClassVar[dict[str, str]] = {"id": "PADA", "summary": "Ada", "type": "user_reference"}

    def page(self, record: str, title: str) -> None:
        self.pagers.open_incident(
            record, title=title, created_at=timezone.now().isoformat(),
            service={"id": "PF9", "summary": "orders-db"},
        )  # fmt: skip
        self.pagers.event("incident.triggered", self.pagers.incident_data(record))

    def acknowledge(self, record: str) -> None:
        self.pagers.event("incident.acknowledged", self.pagers.incident_data(record), self.ada)

    def resolve(self, record: str) -> None:
        self.pagers.event("incident.resolved", self.pagers.incident_data(record), self.ada)

    def notes(self, record: str) -> list[str]:
        return list(self.pagers.incidents[record]["notes"])

    def state(self, record: str) -> str:
        return str(self.pagers.incidents[record]["status"])

    def date(self, body: dict[str, Any], at: datetime) -> None:
        body["event"]["occurred_at"] = at.isoformat()


class PlayedOpsgenie(Played):
    kind, title = "opsgenie", "Opsgenie"

    def page(self, record: str, title: str) -> None:
        at = int(timezone.now().timestamp() * 1000)
        data = {"message": title, "entity": "orders-db", "createdAt": at}
        self.pagers.open_alert(record, data=data)
        self.pagers.action("Create", record)

    def acknowledge(self, record: str) -> None:
        self.pagers.action("Acknowledge", record, username="ada@example.com")

    def resolve(self, record: str) -> None:
        self.pagers.action("Close", record, username="ada@example.com")

    def notes(self, record: str) -> list[str]:
        return list(self.pagers.alerts[record]["notes"])

    def state(self, record: str) -> str:
        alert = self.pagers.alerts[record]
        if alert["status"] == "closed":
            return "resolved"
        return "acknowledged" if alert["acknowledged"] else "triggered"

    def date(self, body: dict[str, Any], at: datetime) -> None:
        body["alert"]["username"] = SENDER


class PlayedSplunkOnCall(Played):
    kind, title = "splunk_oncall", "Splunk On-Call"
    record, other, sender, refusal = "9", "10", SENDER, 403

    def page(self, record: str, title: str) -> None:
        self.pagers.splunk.user(SENDER, "Cause", "Book", SENDER)
        self.pagers.splunk.open_incident(record, title, service="orders-db")
        self.pagers.splunk.webhook(record)

    def acknowledge(self, record: str) -> None:
        self.pagers.splunk.act("ack", record, "ada")

    def resolve(self, record: str) -> None:
        self.pagers.splunk.act("resolve", record, "ada")

    def notes(self, record: str) -> list[str]:
        row = self.pagers.splunk.incidents[record]
        notes = [each["json_value"]["text"] for each in row["notes"].values()]
        return [*notes, *row["messages"]]

    def state(self, record: str) -> str:
        phase = self.pagers.splunk.incidents[record]["phase"]
        return {"UNACKED": "triggered", "ACKED": "acknowledged", "RESOLVED": "resolved"}[phase]

    def date(self, body: dict[str, Any], at: datetime) -> None:
        body["STATE.ACKED_AT"] = int(at.timestamp() * 1000)


class PlayedGrafanaOnCall(Played):
    kind, title = "grafana_oncall", "Grafana OnCall"
    record, other, sender, refusal = "I68T24C13IFW1", "IOTHER", SENDER_ID, 403
    writes = 4  # A resolution says nothing: what ended it is a note beside it.

    def page(self, record: str, title: str) -> None:
        self.pagers.grafana.user(SENDER_ID, "causebook", SENDER)
        self.pagers.grafana.user("UADA", "ada", "ada@example.com")
        self.pagers.grafana.open_group(record, title, service="orders-db")
        created = self.pagers.grafana.groups[record]["created_at"]
        self.pagers.grafana.webhook("alert group created", record, at=created)

    def acknowledge(self, record: str) -> None:
        self.pagers.grafana.act("acknowledge", record, "UADA")

    def resolve(self, record: str) -> None:
        self.pagers.grafana.act("resolve", record, "UADA")

    def notes(self, record: str) -> list[str]:
        written = self.pagers.grafana.notes
        return [each["text"] for each in written if each["alert_group_id"] == record]

    def state(self, record: str) -> str:
        state = str(self.pagers.grafana.groups[record]["state"])
        return "triggered" if state == "firing" else state

    def date(self, body: dict[str, Any], at: datetime) -> None:
        body["alert_group"]["acknowledged_at"] = at.isoformat()


class PlayedGoAlert(Played):
    kind, title = "goalert", "GoAlert"
    record, other = "79685", "79686"
    has_notes, writes = False, 2

    def page(self, record: str, title: str) -> None:
        self.pagers.goalert.open_alert(int(record), title, service="orders-db")
        self.pagers.goalert.webhook(int(record))

    def acknowledge(self, record: str) -> None:
        self.pagers.goalert.act("Acknowledged", int(record), "Ada Example (Web)")

    def resolve(self, record: str) -> None:
        self.pagers.goalert.act("Closed", int(record), "Ada Example (Web)")

    def notes(self, record: str) -> list[str]:
        return []

    def state(self, record: str) -> str:
        state = self.pagers.goalert.alerts[int(record)]["state"]
        return "resolved" if state == "Closed" else str(state).lower()

    def date(self, body: dict[str, Any], at: datetime) -> None:
        """It says neither when nor by which account."""


PLAYED: list[type[Played]] = [
    PlayedPagerDuty,
    PlayedOpsgenie,
    PlayedSplunkOnCall,
    PlayedGrafanaOnCall,
    PlayedGoAlert,
]
KINDS = [each.kind for each in PLAYED]
WITH_NOTES = [each.kind for each in PLAYED if each.has_notes]

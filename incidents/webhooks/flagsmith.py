"""Flagsmith: webhooks of an environment, with its signature."""

from __future__ import annotations

from typing import Any

from common.payloads import dig, time_at
from common.placeholders import first_text, required_text, text
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id


class Flagsmith(Webhook):
    """Which service a flag belongs to is a rule by its name; else the project's name is tried."""

    kind = "flagsmith"
    title = "Flagsmith"
    brings = "changes"
    scheme = Hmac("x-flagsmith-signature")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "event_type", 60)
        if what not in ("FLAG_UPDATED", "FLAG_DELETED"):
            return [Ignored(f"“{what}” changes no flag.")]
        state = "data.new_state" if dig(data, "data.new_state") else "data.previous_state"
        name = required_text(data, f"{state}.feature.name", 150)
        where = text(data, f"{state}.environment.name", 90)
        project = first_text(data, f"{state}.feature.project.name", limit=100)
        at = text(data, "data.timestamp", 60)
        number = first_text(data, f"{state}.id", f"{state}.feature.id", limit=50)
        return [
            ChangeEvent(
                title=f"Flag {name} {_said(data, what)}{f' in {where}' if where else ''}",
                candidates=(project,) if project else (),
                job=name,
                kind="flag",
                author=text(data, "data.changed_by", 200),
                started_at=time_at(data, "data.timestamp"),
                external_id=change_id(project, where, name, number, at) if at else "",
                environment=where,
            )
        ]


def _said(data: Any, what: str) -> str:
    if what == "FLAG_DELETED":
        return "was removed"
    now, before = dig(data, "data.new_state.enabled"), dig(data, "data.previous_state.enabled")
    if now is before or not isinstance(now, bool):
        return "has another value"
    return "was turned on" if now else "was turned off"

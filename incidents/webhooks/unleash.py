"""Unleash: its webhook integration, with the event as it is."""

from __future__ import annotations

from typing import Any

from common.payloads import dig, time_at
from common.placeholders import first_text, required_first, required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

SAID = {
    "feature-environment-enabled": "was turned on",
    "feature-environment-disabled": "was turned off",
    "feature-strategy-add": "got a strategy",
    "feature-strategy-update": "has a changed strategy",
    "feature-strategy-remove": "lost a strategy",
    "feature-environment-variants-updated": "has other variants",
    "feature-variants-updated": "has other variants",
    "feature-archived": "was archived",
    "feature-revived": "was revived",
    "feature-killswitch-enabled": "was switched off",
}


class Unleash(Webhook):
    """Which service a flag belongs to is a rule by its name, or its tag `service:…`."""

    kind = "unleash"
    title = "Unleash"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "type", 80)
        if what not in SAID:
            return [Ignored(f"“{what}” changes nothing that runs.")]
        name = required_first(data, "featureName", "data.name", "data.featureName", limit=150)
        project, where = text(data, "project", 100), _environment(data)
        own = text(data, "id", 50)
        return [
            ChangeEvent(
                title=f"Flag {name} {SAID[what]}{f' in {where}' if where else ''}",
                service=_tagged(data),
                candidates=(project,) if project and project != "default" else (),
                job=name,
                kind="flag",
                author=text(data, "createdBy", 200),
                started_at=time_at(data, "createdAt"),
                external_id=change_id(project, where, name, own) if own else "",
                environment=where,
            )
        ]


def _environment(data: Any) -> str:
    return first_text(data, "environment", "data.environment", "preData.environment", limit=90)


def _tagged(data: Any) -> str:
    """The value of a tag of the type `service`."""
    tags = dig(data, "tags", [])
    for tag in tags[:50] if isinstance(tags, list) else []:
        if text(tag, "type").lower() == "service":
            return text(tag, "value", 100)
        if isinstance(tag, str) and tag.startswith("service:"):
            return tag.removeprefix("service:")[:100]
    return ""

"""Feature flags: LaunchDarkly's signed webhooks, and Unleash's with the same secret."""

from __future__ import annotations

from common.payloads import dig, required_text, text, time_at
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook


class Flags(Webhook):
    """Which service a flag belongs to is a rule by the flag's name, or its tag `service:…`."""

    kind = "flags"
    title = "Feature flags (LaunchDarkly)"
    brings = "changes"
    scheme = Hmac("x-ld-signature")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if required_text(data, "kind") != "flag":
            return [Ignored("No flag was changed.")]
        name = required_text(data, "name", 200)
        tags = dig(data, "target.resources", [])
        names = [text(tag) for tag in tags] if isinstance(tags, list) else []
        service = next((t.rpartition("service:")[2] for t in names if "service:" in t), "")
        return [
            ChangeEvent(
                title=text(data, "title") or f"Flag {name} was changed",
                service=service[:100],
                job=name,
                kind="flag",
                author=text(data, "member.email", 200),
                started_at=time_at(data, "date"),
                external_id=text(data, "_id", 200),
            )
        ]

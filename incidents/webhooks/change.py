"""Our own format for changes: one line of `curl` from any script."""

from __future__ import annotations

from common.payloads import BadPayload, required_text, text, time_at, web_address
from incidents.webhooks.base import (
    CHANGE_KINDS,
    CHANGE_OUTCOMES,
    ChangeEvent,
    Event,
    Incoming,
    Webhook,
)


class OwnChange(Webhook):
    kind = "change"
    title = "Changes by curl"
    brings = "changes"
    id_header = "idempotency-key"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        kind = text(data, "kind") or "deploy"
        outcome = text(data, "outcome") or "succeeded"
        if kind not in CHANGE_KINDS:
            raise BadPayload(f"“kind” must be one of {', '.join(CHANGE_KINDS)}.")
        if outcome not in CHANGE_OUTCOMES:
            raise BadPayload(f"“outcome” must be one of {', '.join(CHANGE_OUTCOMES)}.")
        return [
            ChangeEvent(
                title=required_text(data, "title"),
                service=required_text(data, "service", 100),
                kind=kind,
                outcome=outcome,
                version=text(data, "version", 200),
                author=text(data, "author", 200),
                started_at=time_at(data, "started_at"),
                finished_at=time_at(data, "finished_at"),
                external_id=text(data, "id", 200),
                url=web_address(data, "url"),
            )
        ]

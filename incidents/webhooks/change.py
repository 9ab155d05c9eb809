"""Our own format for changes: one line of `curl` from any script."""

from __future__ import annotations

from common.payloads import BadPayload, time_at, web_address
from common.placeholders import required_text, text
from incidents.webhooks.base import (
    CHANGE_KINDS,
    CHANGE_OUTCOMES,
    ChangeEvent,
    Event,
    Incoming,
    Webhook,
    change_id,
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
        service, where = required_text(data, "service", 100), text(data, "environment", 100)
        own = text(data, "id", 150)
        return [
            ChangeEvent(
                title=required_text(data, "title"),
                service=service,
                job=text(data, "job", 200),
                kind=kind,
                outcome=outcome,
                version=text(data, "version", 200),
                author=text(data, "author", 200),
                started_at=time_at(data, "started_at"),
                finished_at=time_at(data, "finished_at"),
                external_id=change_id(service, where, own) if own else "",
                url=web_address(data, "url"),
                environment=where,
                branch=text(data, "branch", 200),
                run=text(data, "job", 200),
            )
        ]

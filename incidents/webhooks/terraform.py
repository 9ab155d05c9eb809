"""Terraform runs (HCP Terraform and Terraform Enterprise notifications)."""

from __future__ import annotations

from common.payloads import required_text, rows, text, time_at, web_address
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

STATES = {"applying": "running", "applied": "succeeded", "errored": "failed"}


class Terraform(Webhook):
    kind = "terraform"
    title = "Terraform runs"
    brings = "changes"
    scheme = Hmac("x-tfe-notification-signature", digest="sha512")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        notes = list(rows(data, "notifications"))
        state = text(notes[0], "run_status") if notes else ""
        if state not in STATES:
            return [Ignored(f"A run that is {state or 'being verified'} changes nothing.")]
        workspace = required_text(data, "workspace_name", 100)
        at = time_at(notes[0], "run_updated_at")
        return [
            ChangeEvent(
                title=f"{workspace}: {text(data, 'run_message', 200) or 'Terraform run'}"[:300],
                job=workspace,
                kind="config",
                author=text(data, "run_created_by", 200),
                outcome=STATES[state],
                started_at=time_at(data, "run_created_at"),
                finished_at=at if state != "applying" else None,
                external_id=required_text(data, "run_id", 200),
                url=web_address(data, "run_url"),
            )
        ]

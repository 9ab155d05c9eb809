"""Terraform runs (HCP Terraform and Terraform Enterprise notifications)."""

from __future__ import annotations

from common.environments import environment_in
from common.payloads import rows, time_at, web_address
from common.placeholders import required_text, text
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

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
        message = text(data, "run_message", 200)
        return [
            ChangeEvent(
                title=f"{workspace}: {message or 'Terraform run'}"[:300],
                candidates=(workspace,),
                job=workspace,
                kind="config",
                author=text(data, "run_created_by", 200),
                outcome=STATES[state],
                started_at=time_at(data, "run_created_at"),
                finished_at=at if state != "applying" else None,
                external_id=change_id(
                    text(data, "organization_name", 100), required_text(data, "run_id", 100)
                ),
                url=web_address(data, "run_url"),
                environment=environment_in(workspace),
            )
        ]

"""Octopus Deploy: subscriptions that post its events."""

from __future__ import annotations

from typing import Any

from common.payloads import dig, time_at
from common.placeholders import required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

OUTCOMES = {
    "DeploymentStarted": "running",
    "DeploymentResumed": "running",
    "DeploymentSucceeded": "succeeded",
    "DeploymentFailed": "failed",
    "RunbookRunStarted": "running",
    "RunbookRunSucceeded": "succeeded",
    "RunbookRunFailed": "failed",
}


class Octopus(Webhook):
    """Project, release and environment are parts of the message that it points out itself."""

    kind = "octopus"
    title = "Octopus Deploy"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        event = dig(data, "Payload.Event") or data
        category = required_text(event, "Category", 60)
        if category not in OUTCOMES:
            return [Ignored(f"“{category}” is no change.")]
        named = _names(event)
        project, environment = named.get("Projects", ""), named.get("Environments", "")
        release, runbook = named.get("Releases", ""), named.get("Runbooks", "")
        outcome, at = OUTCOMES[category], time_at(event, "Occurred")
        return [
            ChangeEvent(
                title=required_text(event, "Message"),
                candidates=(project,) if project else (),
                job=f"{project}/{runbook or environment}",
                job_name=project,
                kind="config" if runbook else "deploy",
                version=release,
                author=text(event, "Username", 200),
                outcome=outcome,
                started_at=at,
                finished_at=None if outcome == "running" else at,
                external_id=change_id(text(event, "SpaceId", 40), _own_id(event)),
                environment=environment,
                run=runbook,
            )
        ]


def _own_id(event: Any) -> str:
    """The id of the deployment, which all its events share."""
    documents = dig(event, "RelatedDocumentIds", [])
    ids = [text(each, "", 80) for each in documents] if isinstance(documents, list) else []
    shared = (each for each in ids if each.startswith(("Deployments-", "RunbookRuns-")))
    return next(shared, "") or required_text(event, "Id", 80)


def _names(event: Any) -> dict[str, str]:
    """What the message calls each document it refers to, by the kind of document."""
    message = text(event, "Message", 2000)
    found: dict[str, str] = {}
    references = dig(event, "MessageReferences", [])
    for row in references[:50] if isinstance(references, list) else []:
        kind = text(row, "ReferencedDocumentId", 80).partition("-")[0]
        start, length = dig(row, "StartIndex"), dig(row, "Length")
        whole = isinstance(start, int) and isinstance(length, int) and 0 <= start < len(message)
        if kind and whole and 0 < length <= 200:
            found.setdefault(kind, message[start : start + length].strip())
    release = found.get("Releases", "")
    found["Releases"] = release.removeprefix("release ").strip()
    return found

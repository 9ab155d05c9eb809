"""GitHub: deployments, their states, pushes and workflow runs."""

from __future__ import annotations

from typing import Any

from common.payloads import required_text, text, time_at, web_address
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

STATES = {
    "success": "succeeded", "failure": "failed", "error": "failed", "pending": "running",
    "queued": "running", "in_progress": "running", "waiting": "running",
}  # fmt: skip


class GitHub(Webhook):
    kind = "github"
    title = "GitHub"
    brings = "changes"
    scheme = Hmac("x-hub-signature-256", prefix="sha256=")
    id_header = "x-github-delivery"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        event = incoming.headers.get("x-github-event", "")
        read = {
            "deployment": _deployment,
            "deployment_status": _deployment_status,
            "push": _push,
            "workflow_run": _workflow_run,
        }.get(event)
        return [read(data) if read else Ignored(f"“{event}” needs nothing from us.")]


def _deployment(data: Any, outcome: str = "running") -> ChangeEvent:
    repository = required_text(data, "repository.name", 100)
    ref = text(data, "deployment.ref", 150)
    where = text(data, "deployment.environment", 100)
    return ChangeEvent(
        title=f"{repository} {ref} to {where or 'an environment'}",
        service=repository,
        job=f"{repository}/{where}",
        version=text(data, "deployment.sha", 12),
        author=text(data, "deployment.creator.login", 200),
        outcome=outcome,
        started_at=time_at(data, "deployment.created_at"),
        external_id=f"deployment {required_text(data, 'deployment.id', 50)}",
        url=web_address(data, "repository.html_url"),
    )


def _deployment_status(data: Any) -> Event:
    state = required_text(data, "deployment_status.state")
    if state == "inactive":
        return Ignored("A later deployment replaced it.")
    change = _deployment(data, STATES.get(state, "running"))
    ended = change.outcome != "running"
    at = time_at(data, "deployment_status.created_at") if ended else None
    return ChangeEvent(**{**vars(change), "finished_at": at})


def _push(data: Any) -> Event:
    branch = text(data, "ref").removeprefix("refs/heads/")
    if branch != text(data, "repository.default_branch"):
        return Ignored("A push to another branch than the default one changes no service.")
    repository = required_text(data, "repository.name", 100)
    message = text(data, "head_commit.message").partition("\n")[0]
    return ChangeEvent(
        title=f"{repository}: {message or 'push to ' + branch}"[:300],
        job=f"{repository}/push",
        version=text(data, "after", 12),
        author=text(data, "pusher.name", 200),
        started_at=time_at(data, "head_commit.timestamp"),
        external_id=f"push {repository} {required_text(data, 'after', 60)}",
        url=web_address(data, "compare"),
    )


def _workflow_run(data: Any) -> Event:
    if text(data, "action") == "requested":
        return Ignored("The run has not started yet.")
    repository = required_text(data, "repository.name", 100)
    name = required_text(data, "workflow_run.name", 90)
    ended = text(data, "action") == "completed"
    conclusion = text(data, "workflow_run.conclusion")
    if conclusion in ("cancelled", "skipped", "neutral", "stale"):
        return Ignored(f"The run was {conclusion}.")
    return ChangeEvent(
        title=f"{repository}: {name} #{text(data, 'workflow_run.run_number')}",
        job=f"{repository}/{name}",
        version=text(data, "workflow_run.head_sha", 12),
        author=text(data, "workflow_run.actor.login", 200),
        outcome=("succeeded" if conclusion == "success" else "failed") if ended else "running",
        started_at=time_at(data, "workflow_run.run_started_at"),
        finished_at=time_at(data, "workflow_run.updated_at") if ended else None,
        external_id=f"run {required_text(data, 'workflow_run.id', 50)}",
        url=web_address(data, "workflow_run.html_url"),
    )

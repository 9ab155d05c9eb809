"""GitHub: deployments, their states, releases, pushes, workflow runs; announcements by label."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from common.payloads import BadPayload, dig, time_at, web_address
from common.placeholders import first_text, required_first, required_text, text
from common.signing import Hmac
from incidents.webhooks.base import (
    ANNOUNCE_LABEL,
    AnnouncementEvent,
    ChangeEvent,
    Event,
    Ignored,
    Incoming,
    Webhook,
    change_id,
)

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
    sample_headers = {"x-github-event": "deployment_status"}

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        event = incoming.headers.get("x-github-event", "")
        if not event:
            raise BadPayload(
                "The header X-GitHub-Event, which names the event, is missing. Pass it on."
            )
        read = {
            "deployment": _deployment,
            "deployment_status": _deployment_status,
            "pull_request": _pull_request,
            "push": _push,
            "release": _release,
            "workflow_run": _workflow_run,
        }.get(event)
        return [read(data) if read else Ignored(f"“{event}” needs nothing from us.")]


def _repository(data: Any) -> tuple[str, str]:
    """The repository's name, and the one that is unique at GitHub."""
    name = required_text(data, "repository.name", 100)
    return name, text(data, "repository.full_name", 150) or name


def _deployment(data: Any, outcome: str = "running") -> ChangeEvent:
    repository, unique = _repository(data)
    ref, where = text(data, "deployment.ref", 150), _environment(data)
    # Deploy bots of hosting providers name the project after the environment.
    _, dash, project = where.partition(" – ")
    return ChangeEvent(
        title=f"{repository} {ref} to {where or 'an environment'}",
        candidates=(project.strip(), repository) if dash else (repository,),
        job=f"{repository}/{where}",
        version=text(data, "deployment.sha", 12),
        author=text(data, "deployment.creator.login", 200),
        outcome=outcome,
        started_at=time_at(data, "deployment.created_at"),
        external_id=change_id("deployment", unique, required_text(data, "deployment.id", 50)),
        url=web_address(data, "repository.html_url"),
        environment=where,
        branch="" if text(data, "deployment.sha").startswith(ref) else ref,
        default_branch=text(data, "repository.default_branch", 100),
        production=_production(data),
    )


def _environment(data: Any) -> str:
    return first_text(
        data,
        "deployment.environment",
        "deployment_status.environment",
        "deployment.original_environment",
        limit=100,
    )


def _production(data: Any) -> bool | None:
    """What GitHub says; its “production_environment: false” only means another name."""
    if dig(data, "deployment.production_environment") is True:
        return True
    return False if dig(data, "deployment.transient_environment") is True else None


def _deployment_status(data: Any) -> Event:
    state = required_text(data, "deployment_status.state")
    if state == "inactive":
        return Ignored("A later deployment replaced it.")
    change = _deployment(data, STATES.get(state, "running"))
    ended = change.outcome != "running"
    at = time_at(data, "deployment_status.created_at") if ended else None
    return replace(change, finished_at=at)


def _push(data: Any) -> Event:
    branch = text(data, "ref").removeprefix("refs/heads/")
    default = text(data, "repository.default_branch")
    if branch != default:
        return Ignored("A push to another branch than the default one changes no service.")
    if dig(data, "deleted") is True:
        return Ignored("A branch was removed.")
    repository, unique = _repository(data)
    message = text(data, "head_commit.message").partition("\n")[0]
    return ChangeEvent(
        title=f"{repository}: {message or 'push to ' + branch}"[:300],
        candidates=(repository,),
        job=f"{repository}/push",
        version=text(data, "after", 12),
        author=first_text(data, "pusher.name", "sender.login", limit=200),
        started_at=time_at(data, "head_commit.timestamp"),
        external_id=change_id("push", unique, branch, required_text(data, "after", 60)),
        url=web_address(data, "compare"),
        branch=branch,
        default_branch=default,
    )


def _release(data: Any) -> Event:
    if text(data, "action") != "published":
        return Ignored("Only a published release is a change.")
    repository, unique = _repository(data)
    tag = required_text(data, "release.tag_name", 150)
    return ChangeEvent(
        title=f"{repository}: release {text(data, 'release.name', 150) or tag}",
        candidates=(repository,),
        job=f"{repository}/release",
        version=tag,
        author=text(data, "release.author.login", 200),
        started_at=time_at(data, "release.published_at"),
        external_id=change_id("release", unique, tag),
        url=web_address(data, "release.html_url"),
        environment="preview" if dig(data, "release.prerelease") is True else "",
    )


def _pull_request(data: Any) -> Event:
    if text(data, "action") != "labeled" or text(data, "label.name", 50) != ANNOUNCE_LABEL:
        return Ignored(f"Of pull requests only those labelled {ANNOUNCE_LABEL} count.")
    repository, unique = _repository(data)
    due = time_at(data, "pull_request.milestone.due_on")
    return AnnouncementEvent(
        title=required_text(data, "pull_request.title", 200),
        repository=repository,
        candidates=(repository,),
        external_id=change_id("github", unique, required_text(data, "pull_request.number", 20)),
        text=text(data, "pull_request.body", 5000),
        url=web_address(data, "pull_request.html_url"),
        planned_on=due.date() if due else None,
    )


def _workflow_run(data: Any) -> Event:
    if text(data, "action") == "requested":
        return Ignored("The run has not started yet.")
    repository, unique = _repository(data)
    # A workflow without a name of its own has that of its file.
    name = required_first(
        data, "workflow_run.name", "workflow.name", "workflow_run.path", "workflow.path", limit=90
    )
    ended = text(data, "action") == "completed"
    conclusion = text(data, "workflow_run.conclusion")
    if conclusion in ("cancelled", "skipped", "neutral", "stale", "action_required"):
        return Ignored(f"The run was {conclusion.replace('_', ' ')}.")
    attempt = dig(data, "workflow_run.run_attempt")
    return ChangeEvent(
        title=f"{repository}: {name} #{text(data, 'workflow_run.run_number')}".rstrip("# "),
        candidates=(repository,),
        job=f"{repository}/{name}",
        version=text(data, "workflow_run.head_sha", 12),
        author=first_text(
            data, "workflow_run.triggering_actor.login", "workflow_run.actor.login", limit=200
        ),
        outcome=("succeeded" if conclusion == "success" else "failed") if ended else "running",
        started_at=time_at(data, "workflow_run.run_started_at"),
        finished_at=time_at(data, "workflow_run.updated_at") if ended else None,
        external_id=change_id("run", unique, required_text(data, "workflow_run.id", 50)),
        url=web_address(data, "workflow_run.html_url"),
        branch=text(data, "workflow_run.head_branch", 200),
        default_branch=text(data, "repository.default_branch", 100),
        run=name,
        trigger=text(data, "workflow_run.event", 50),
        another_attempt=isinstance(attempt, int) and attempt > 1,
    )

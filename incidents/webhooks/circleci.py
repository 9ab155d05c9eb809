"""CircleCI: workflows and jobs that ended."""

from __future__ import annotations

from typing import Any

from common.ci_tools import repository_name
from common.payloads import time_at, web_address
from common.placeholders import first_text, required_text, text
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

STATES = {"success": "succeeded", "failed": "failed", "error": "failed"}
_GIT = "pipeline.trigger_parameters.git"


class CircleCI(Webhook):
    """A workflow is a change; a job is one where only jobs are sent."""

    kind = "circleci"
    title = "CircleCI"
    brings = "changes"
    scheme = Hmac("circleci-signature", prefix="v1=")

    def sender_id(self, incoming: Incoming) -> str:
        return text(incoming.json(), "id", 100)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "type", 50)
        if what not in ("workflow-completed", "job-completed"):
            return [Ignored(f"“{what}” is no change.")]
        of = "workflow" if what == "workflow-completed" else "job"
        state = required_text(data, f"{of}.status", 50)
        if state not in STATES:
            return [Ignored(f"The {of} was {state}.")]
        name = required_text(data, f"{of}.name", 90)
        candidates = _repositories(data)
        own = candidates[0] if candidates else ""
        branch, tag = _branch(data)
        started = "workflow.created_at" if of == "workflow" else "job.started_at"
        return [
            ChangeEvent(
                title=f"{own or 'CircleCI'}: {name}",
                candidates=candidates,
                job=f"{own}/{name}",
                version=tag
                or first_text(data, "pipeline.vcs.revision", f"{_GIT}.checkout_sha", limit=60)[:12],
                author=first_text(
                    data,
                    "pipeline.vcs.commit.author.name",
                    f"{_GIT}.commit_author_name",
                    f"{_GIT}.author_login",
                    limit=200,
                ),
                outcome=STATES[state],
                started_at=time_at(data, started),
                finished_at=time_at(data, f"{of}.stopped_at") or time_at(data, "happened_at"),
                external_id=change_id(
                    text(data, "project.slug", 100), of, required_text(data, f"{of}.id", 80)
                ),
                url=web_address(data, "workflow.url"),
                branch=f"refs/tags/{tag}" if tag else branch,
                default_branch=text(data, f"{_GIT}.default_branch", 100),
                run=name,
                trigger=_trigger(data),
            )
        ]


def _repositories(data: Any) -> tuple[str, ...]:
    """Repository and project; the slug of newer organizations holds ids only."""
    found = (
        text(data, f"{_GIT}.repo_name", 100),
        repository_name(text(data, "pipeline.vcs.target_repository_url")),
        repository_name(text(data, f"{_GIT}.repo_url")),
        text(data, "project.name", 100),
    )
    return tuple(dict.fromkeys(name for name in found if name))


def _branch(data: Any) -> tuple[str, str]:
    """Branch and tag that were built."""
    ref = text(data, f"{_GIT}.ref", 200)
    tag = text(data, "pipeline.vcs.tag", 150) or text(data, f"{_GIT}.tag", 150)
    if ref.startswith("refs/tags/"):
        tag = tag or ref.removeprefix("refs/tags/")
    return first_text(data, "pipeline.vcs.branch", f"{_GIT}.branch", limit=200) or ref, tag


def _trigger(data: Any) -> str:
    kind = text(data, "pipeline.trigger.type", 50)
    return "schedule" if kind in ("schedule", "scheduled_pipeline") else kind

"""Bitbucket Cloud and Data Center: pushes, and the builds of Cloud's pipelines."""

from __future__ import annotations

from typing import Any

from common.payloads import BadPayload, dig, rows, time_at, web_address
from common.placeholders import required_text, text
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

BUILDS = {"SUCCESSFUL": "succeeded", "FAILED": "failed", "INPROGRESS": "running"}


class Bitbucket(Webhook):
    kind = "bitbucket"
    title = "Bitbucket Cloud and Data Center"
    brings = "changes"
    scheme = Hmac("x-hub-signature", prefix="sha256=")
    sample_headers = {"x-event-key": "repo:push"}

    def sender_id(self, incoming: Incoming) -> str:
        headers = incoming.headers
        return headers.get("x-request-uuid", "") or headers.get("x-request-id", "")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        event = incoming.headers.get("x-event-key", "") or text(data, "eventKey", 60)
        if not event:
            raise BadPayload(
                "The header X-Event-Key, which names the event, is missing. Pass it on."
            )
        if event == "repo:push":
            return [_cloud_push(data, row) for row in rows(data, "push.changes")]
        if event == "repo:refs_changed":
            return [_server_push(data, row) for row in rows(data, "changes")]
        if event in ("repo:commit_status_created", "repo:commit_status_updated"):
            return [_build(data)]
        return [Ignored(f"“{event}” needs nothing from us.")]


def _repository(data: Any) -> tuple[str, str, tuple[str, ...]]:
    """The repository's name, what is unique of it, and the names its service may have."""
    full = text(data, "repository.full_name", 150)
    slug = full.rpartition("/")[2] or text(data, "repository.slug", 100)
    name = text(data, "repository.name", 100) or slug
    if not name:
        name = required_text(data, "repository.name", 100)
    project = text(data, "repository.project.key", 60)
    return name, full or change_id(project, slug or name), tuple(dict.fromkeys((slug, name)))


def _cloud_push(data: Any, row: dict[str, Any]) -> Event:
    if dig(row, "new") is None:
        return Ignored("A branch was removed.")
    branch, (repository, unique, candidates) = (
        required_text(row, "new.name", 100),
        _repository(data),
    )
    commit = required_text(row, "new.target.hash", 60)
    message = text(row, "new.target.message").partition("\n")[0]
    tag = text(row, "new.type") == "tag"
    return ChangeEvent(
        title=f"{repository}: {message or 'push to ' + branch}"[:300],
        candidates=candidates,
        job=f"{repository}/{branch}",
        job_name=f"{candidates[0]}/{branch}",
        version=commit[:12],
        author=text(data, "actor.display_name", 200),
        started_at=time_at(row, "new.target.date"),
        external_id=change_id("push", unique, branch, commit),
        url=web_address(row, "links.html.href"),
        branch=f"refs/tags/{branch}" if tag else branch,
        default_branch=text(data, "repository.mainbranch.name", 100),
    )


def _server_push(data: Any, row: dict[str, Any]) -> Event:
    if text(row, "type") == "DELETE":
        return Ignored("A branch was removed.")
    branch, (repository, unique, candidates) = (
        required_text(row, "ref.displayId", 100),
        _repository(data),
    )
    commit = required_text(row, "toHash", 60)
    slug = text(data, "repository.slug", 100) or repository
    tag = text(row, "ref.type") == "TAG"
    return ChangeEvent(
        title=f"{slug}: push to {branch}",
        candidates=candidates,
        job=f"{slug}/{branch}",
        version=commit[:12],
        author=text(data, "actor.displayName", 200),
        started_at=time_at(data, "date"),
        external_id=change_id("push", unique, branch, commit),
        branch=f"refs/tags/{branch}" if tag else branch,
    )


def _build(data: Any) -> Event:
    repository, unique, candidates = _repository(data)
    name = required_text(data, "commit_status.name", 90)
    state = required_text(data, "commit_status.state")
    if state not in BUILDS:
        return Ignored(f"The build was {state.lower()}.")
    ended = state != "INPROGRESS"
    commit = _commit(data)
    key = required_text(data, "commit_status.key", 150)
    return ChangeEvent(
        title=f"{repository}: {name}",
        candidates=candidates,
        job=f"{repository}/{name}",
        job_name=f"{candidates[0]}/{name}",
        version=commit[:12] or text(data, "commit_status.refname", 100),
        author=text(data, "actor.display_name", 200),
        outcome=BUILDS[state],
        started_at=time_at(data, "commit_status.created_on"),
        finished_at=time_at(data, "commit_status.updated_on") if ended else None,
        external_id=change_id("build", unique, key, commit),
        url=web_address(data, "commit_status.url"),
        branch=text(data, "commit_status.refname", 200),
        run=name,
    )


def _commit(data: Any) -> str:
    """The commit that was built; without it one key would be one build for ever."""
    given = text(data, "commit_status.commit.hash", 60)
    href = text(data, "commit_status.links.commit.href", 300) or text(
        data, "commit_status.commit.links.self.href", 300
    )
    return given or href.rstrip("/").rpartition("/")[2][:60] or text(data, "commit_status.url", 150)

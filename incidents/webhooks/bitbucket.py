"""Bitbucket Cloud and Data Center: pushes, and the builds of Cloud's pipelines."""

from __future__ import annotations

from typing import Any

from common.payloads import dig, required_text, rows, text, time_at, web_address
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

BUILDS = {"SUCCESSFUL": "succeeded", "FAILED": "failed", "INPROGRESS": "running"}


class Bitbucket(Webhook):
    kind = "bitbucket"
    title = "Bitbucket Cloud and Data Center"
    brings = "changes"
    scheme = Hmac("x-hub-signature", prefix="sha256=")

    def sender_id(self, incoming: Incoming) -> str:
        headers = incoming.headers
        return headers.get("x-request-uuid", "") or headers.get("x-request-id", "")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        event = incoming.headers.get("x-event-key", "")
        if event == "repo:push":
            return [_cloud_push(data, row) for row in rows(data, "push.changes")]
        if event == "repo:refs_changed":
            return [_server_push(data, row) for row in rows(data, "changes")]
        if event in ("repo:commit_status_created", "repo:commit_status_updated"):
            return [_build(data)]
        return [Ignored(f"“{event}” needs nothing from us.")]


def _cloud_push(data: Any, row: dict[str, Any]) -> Event:
    if dig(row, "new") is None:
        return Ignored("A branch was removed.")
    branch, repository = (
        required_text(row, "new.name", 100),
        required_text(data, "repository.name", 100),
    )
    commit = required_text(row, "new.target.hash", 60)
    message = text(row, "new.target.message").partition("\n")[0]
    return ChangeEvent(
        title=f"{repository}: {message or 'push to ' + branch}"[:300],
        job=f"{repository}/{branch}",
        version=commit[:12],
        author=text(data, "actor.display_name", 200),
        started_at=time_at(row, "new.target.date"),
        external_id=f"push {repository} {branch} {commit}"[:200],
        url=web_address(row, "links.html.href"),
    )


def _server_push(data: Any, row: dict[str, Any]) -> Event:
    if text(row, "type") == "DELETE":
        return Ignored("A branch was removed.")
    branch, repository = (
        required_text(row, "ref.displayId", 100),
        required_text(data, "repository.slug", 100),
    )
    commit = required_text(row, "toHash", 60)
    return ChangeEvent(
        title=f"{repository}: push to {branch}",
        job=f"{repository}/{branch}",
        version=commit[:12],
        author=text(data, "actor.displayName", 200),
        started_at=time_at(data, "date"),
        external_id=f"push {repository} {branch} {commit}"[:200],
    )


def _build(data: Any) -> Event:
    repository, name = (
        required_text(data, "repository.name", 100),
        required_text(data, "commit_status.name", 90),
    )
    state = required_text(data, "commit_status.state")
    if state not in BUILDS:
        return Ignored(f"The build was {state.lower()}.")
    ended = state != "INPROGRESS"
    return ChangeEvent(
        title=f"{repository}: {name}",
        job=f"{repository}/{name}",
        version=text(data, "commit_status.refname", 100),
        author=text(data, "actor.display_name", 200),
        outcome=BUILDS[state],
        started_at=time_at(data, "commit_status.created_on"),
        finished_at=time_at(data, "commit_status.updated_on") if ended else None,
        external_id=f"build {required_text(data, 'commit_status.key', 150)}",
        url=web_address(data, "commit_status.url"),
    )

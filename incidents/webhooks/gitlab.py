"""GitLab: deployments, releases, pipelines without environments; announcements by label."""

from __future__ import annotations

from typing import Any

from common.environments import is_production
from common.payloads import dig, listed, time_at, web_address
from common.placeholders import required_first, required_text, text
from common.signing import Token
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

STATES = {"running": "running", "success": "succeeded", "failed": "failed"}
TIERS = {"production": True, "staging": False, "testing": False, "development": False}


class GitLab(Webhook):
    kind = "gitlab"
    title = "GitLab"
    brings = "changes"
    scheme = Token("x-gitlab-token")

    def sender_id(self, incoming: Incoming) -> str:
        headers = incoming.headers
        return headers.get("idempotency-key", "") or headers.get("x-gitlab-event-uuid", "")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "object_kind")
        read = {
            "deployment": _deployment,
            "merge_request": _merge_request,
            "pipeline": _pipeline,
            "release": _release,
        }.get(what)
        return [read(data) if read else Ignored(f"“{what}” needs nothing from us.")]


def _project(data: Any) -> tuple[str, str, tuple[str, ...]]:
    """The project's name, what is unique of it, and the names its service may have."""
    name = required_text(data, "project.name", 100)
    path = text(data, "project.path_with_namespace", 150)
    return name, path or name, (path.rpartition("/")[2], name)


def _deployment(data: Any) -> Event:
    state = required_text(data, "status")
    if state not in STATES:
        return Ignored(f"The deployment is {state}.")
    name, unique, candidates = _project(data)
    number = required_first(data, "deployment_id", "deployable_id", "deployable_url", limit=150)
    where, sha = text(data, "environment", 90), text(data, "short_sha", 40)
    at = time_at(data, "status_changed_at")
    return ChangeEvent(
        title=f"{name} {sha}: {where}",
        candidates=candidates,
        job=f"{name}/{where}",
        job_name=f"{candidates[0]}/{where}",
        version=sha,
        author=text(data, "user.username", 200),
        outcome=STATES[state],
        started_at=at,
        finished_at=at if state != "running" else None,
        external_id=change_id("deployment", unique, number),
        url=web_address(data, "deployable_url"),
        environment=where,
        branch=text(data, "ref", 200),
        default_branch=text(data, "project.default_branch", 100),
        production=TIERS.get(text(data, "environment_tier")),
    )


def _pipeline(data: Any) -> Event:
    state = required_text(data, "object_attributes.status")
    if state not in STATES:
        return Ignored(f"The pipeline is {state}.")
    name, unique, candidates = _project(data)
    number = required_text(data, "object_attributes.id", 50)
    sha, title = text(data, "object_attributes.sha", 12), text(data, "object_attributes.name", 90)
    where, production = _environment_of(data)
    ref = text(data, "object_attributes.ref", 200)
    if dig(data, "object_attributes.tag") is True:
        ref = f"refs/tags/{ref}"
    at = time_at(data, "object_attributes.finished_at")
    return ChangeEvent(
        title=f"{name} {sha}: {title or 'pipeline'}",
        candidates=candidates,
        job=f"{name}/pipeline",
        job_name=f"{candidates[0]}/pipeline",
        version=sha,
        author=text(data, "user.username", 200),
        outcome=STATES[state],
        started_at=time_at(data, "object_attributes.created_at"),
        finished_at=at if state != "running" else None,
        external_id=change_id("pipeline", unique, number),
        url=web_address(data, "object_attributes.url"),
        environment=where,
        branch=ref,
        default_branch=text(data, "project.default_branch", 100),
        run=title,
        trigger="merge_request" if dig(data, "merge_request") else _source(data),
        production=production,
    )


def _source(data: Any) -> str:
    return text(data, "object_attributes.source", 50)


def _environment_of(data: Any) -> tuple[str, bool | None]:
    """The environment that a pipeline's jobs deploy to; production where it is among them."""
    builds = dig(data, "builds", [])
    found: list[tuple[str, bool | None]] = []
    waits = False
    for build in builds[:200] if isinstance(builds, list) else []:
        where = text(build, "environment.name", 90)
        ran = text(build, "status") in STATES and text(build, "environment.action") != "stop"
        waits = waits or bool(where and not ran)
        if where and ran:
            named = is_production(where)
            tier = TIERS.get(text(build, "environment.deployment_tier"))
            found.append((where, named if named is not None else tier))
    found.sort(key=lambda pair: (pair[1] is not True, pair[1] is False))
    # Its deploys wait for somebody to start them: until then it has only built.
    return found[0] if found else ("", False if waits else None)


def _merge_request(data: Any) -> Event:
    now, before = _labels(data, "labels"), _labels(data, "changes.labels.previous")
    opened = text(data, "object_attributes.action") in ("open", "reopen")
    changed = isinstance(dig(data, "changes.labels"), dict) and ANNOUNCE_LABEL not in before
    if ANNOUNCE_LABEL not in now or not (opened or changed):
        return Ignored(f"Of merge requests only those newly labelled {ANNOUNCE_LABEL} count.")
    name, unique, candidates = _project(data)
    number = required_text(data, "object_attributes.iid", 20)
    return AnnouncementEvent(
        title=required_text(data, "object_attributes.title", 200),
        repository=name,
        candidates=tuple(filter(None, candidates)),
        external_id=change_id("gitlab", unique, number),
        text=text(data, "object_attributes.description", 5000),
        url=web_address(data, "object_attributes.url"),
    )


def _labels(data: Any, path: str) -> set[str]:
    return {text(each, "title", 50) for each in listed(data, path)}


def _release(data: Any) -> Event:
    if text(data, "action") != "create":
        return Ignored("Only a new release is a change.")
    name, unique, candidates = _project(data)
    tag = required_text(data, "tag", 150)
    return ChangeEvent(
        title=f"{name}: release {text(data, 'name', 150) or tag}",
        candidates=candidates,
        job=f"{name}/release",
        job_name=f"{candidates[0]}/release",
        version=tag,
        author=text(data, "commit.author.name", 200),
        started_at=time_at(data, "released_at") or time_at(data, "created_at"),
        external_id=change_id("release", unique, tag),
        url=web_address(data, "url"),
    )

"""Azure DevOps service hooks: releases, stages and runs of pipelines, builds and pushes."""

from __future__ import annotations

from typing import Any

from common.ci_tools import repository_name
from common.environments import branch_name
from common.payloads import rows, time_at, web_address
from common.placeholders import first_text, required_first, required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

OUTCOMES = {
    "succeeded": "succeeded", "partiallysucceeded": "succeeded", "succeededwithissues": "succeeded",
    "failed": "failed", "rejected": "failed", "inprogress": "running", "running": "running",
}  # fmt: skip


class AzureDevOps(Webhook):
    kind = "azuredevops"
    title = "Azure DevOps"
    brings = "changes"

    def sender_id(self, incoming: Incoming) -> str:
        data = incoming.json()
        own, number = text(data, "id", 100), text(data, "notificationId", 30)
        return change_id(own, number) if own and number else own

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "eventType", 100)
        if what == "git.push":
            return [_push(data, row) for row in rows(data, "resource.refUpdates")]
        read = {
            "build.complete": _build,
            "ms.vss-release.deployment-started-event": _deployment,
            "ms.vss-release.deployment-completed-event": _deployment,
            "ms.vss-pipelines.run-state-changed-event": _run,
            "ms.vss-pipelines.stage-state-changed-event": _stage,
        }.get(what)
        return [read(data) if read else Ignored(f"“{what}” is no change.")]


def _project(data: Any) -> str:
    return first_text(
        data, "resource.project.name", "resource.repository.project.name",
        "resource.definition.project.name", "resourceContainers.project.id", limit=80,
    )  # fmt: skip


def _outcome(state: str) -> str:
    return OUTCOMES.get(state.lower(), "")


def _deployment(data: Any) -> Event:
    """A release to an environment; one that is started is not yet in its final state."""
    where = required_text(data, "resource.environment.name", 90)
    started = text(data, "eventType").endswith("started-event")
    state = text(data, "resource.environment.status") or "succeeded"
    outcome = "running" if started else _outcome(state)
    if not outcome:
        return Ignored(f"The deployment was {state}.")
    definition = first_text(
        data,
        "resource.environment.releaseDefinition.name",
        "resource.release.releaseDefinition.name",
        "resource.environment.release.name",
        limit=100,
    )
    release = first_text(
        data, "resource.environment.release.name", "resource.release.name", limit=100
    )
    number = first_text(
        data, "resource.deployment.id", "resource.environment.id", "resource.environment.releaseId",
        limit=50,
    ) or required_text(data, "resource.environment.id")  # fmt: skip
    at = time_at(data, "createdDate")
    return ChangeEvent(
        title=f"{definition or 'Release'} {release} to {where}".replace("  ", " "),
        candidates=_artifacts(data) + ((definition,) if definition else ()),
        job=f"{definition}/{where}",
        version=release,
        author=first_text(
            data,
            "resource.environment.owner.displayName",
            "resource.release.createdBy.displayName",
            limit=200,
        ),
        outcome=outcome,
        started_at=at,
        finished_at=None if started else at,
        external_id=change_id("deployment", _project(data), definition, release, where, number),
        url=web_address(data, "resource.environment.release._links.web.href"),
        environment=where,
    )


def _artifacts(data: Any) -> tuple[str, ...]:
    """Repositories or builds that a release deploys."""
    names = (
        repository_name(text(data, f"resource.release.artifacts.0.definitionReference.{part}.name"))
        for part in ("repository", "definition")
    )
    return tuple(name for name in names if name)


def _build(data: Any) -> Event:
    result = first_text(data, "resource.result", "resource.status", limit=50)
    outcome = _outcome(result)
    if not outcome:
        return Ignored(f"The build was {result or 'not finished'}.")
    name = required_text(data, "resource.definition.name", 90)
    number = required_text(data, "resource.id", 50)
    repository = repository_name(
        first_text(data, "resource.repository.name", "resource.repository.url", limit=200)
    )
    old = text(data, "resource.sourceGetVersion", 200).split(":")
    return ChangeEvent(
        title=f"{name} {text(data, 'resource.buildNumber', 60)}".strip(),
        candidates=tuple(each for each in (repository, name) if each),
        job=f"{repository or name}/{name}",
        job_name=name,
        version=(text(data, "resource.sourceVersion", 60) or (old[2] if len(old) > 2 else ""))[:12],
        author=first_text(
            data,
            "resource.requestedFor.displayName",
            "resource.requests.0.requestedFor.displayName",
            limit=200,
        ),
        outcome=outcome,
        started_at=time_at(data, "resource.startTime"),
        finished_at=time_at(data, "resource.finishTime"),
        external_id=change_id("build", _project(data), number),
        url=web_address(data, "resource._links.web.href"),
        branch=text(data, "resource.sourceBranch", 200) or (old[1] if len(old) > 2 else ""),
        run=name,
        trigger=_trigger(data),
    )


def _trigger(data: Any) -> str:
    """`pullRequest` and `schedule` among the reasons of a build; a branch of a request too."""
    reason = first_text(data, "resource.reason", "resource.run.reason", limit=50).lower()
    ref = text(data, "resource.sourceBranch", 200)
    if reason in ("pullrequest", "validateshelveset") or ref.startswith("refs/pull/"):
        return "pull_request"
    return "schedule" if reason.startswith("schedule") else reason


def _run(data: Any, stage: str = "") -> Event:
    of = "resource.stage" if stage else "resource.run"
    state = first_text(data, f"{of}.result", f"{of}.state", limit=50)
    outcome = _outcome(state)
    if not outcome:
        return Ignored(f"It is {state or 'not started'}.")
    pipeline = required_first(
        data, "resource.pipeline.name", "resource.run.pipeline.name", limit=80
    )
    number = required_first(data, "resource.run.id", "resource.runId", limit=50)
    repository = repository_name(
        first_text(data, "resource.repositories.0.url", "resource.repositories.0.name", limit=300)
    )
    ended = outcome != "running"
    run = f"{pipeline} {stage}" if stage else pipeline
    return ChangeEvent(
        title=f"{run} {text(data, 'resource.run.name', 60)}".strip(),
        candidates=tuple(each for each in (repository, pipeline) if each),
        job=f"{pipeline}/{stage}" if stage else f"{repository or pipeline}/{pipeline}",
        job_name=pipeline,
        version=text(data, "resource.repositories.0.change.version", 12)
        or text(data, "resource.run.name", 60),
        author=text(data, "resource.repositories.0.change.author.name", 200),
        outcome=outcome,
        started_at=time_at(data, "resource.run.createdDate"),
        finished_at=(time_at(data, "resource.run.finishedDate") or time_at(data, "createdDate"))
        if ended
        else None,
        external_id=change_id("run", _project(data), pipeline, number, stage),
        url=web_address(data, "resource.run._links.web.href"),
        branch=text(data, "resource.run.resources.repositories.self.refName", 200),
        run=run,
    )


def _stage(data: Any) -> Event:
    return _run(
        data,
        first_text(data, "resource.stage.displayName", "resource.stage.name", limit=80)
        or required_text(data, "resource.stage.name", 80),
    )


def _push(data: Any, row: dict[str, Any]) -> Event:
    ref, commit = required_text(row, "name", 200), required_text(row, "newObjectId", 60)
    if not commit.strip("0"):
        return Ignored("A branch was removed.")
    repository = required_text(data, "resource.repository.name", 100)
    default = branch_name(text(data, "resource.repository.defaultBranch", 200))
    if default and branch_name(ref) != default:
        return Ignored("A push to another branch than the default one changes no service.")
    message = text(data, "resource.commits.0.comment").partition("\n")[0]
    return ChangeEvent(
        title=f"{repository}: {message or 'push to ' + branch_name(ref)}"[:300],
        candidates=(repository,),
        job=f"{repository}/push",
        version=commit[:12],
        author=text(data, "resource.pushedBy.displayName", 200),
        started_at=time_at(data, "resource.date"),
        external_id=change_id("push", _project(data), repository, ref, commit),
        branch=ref,
        default_branch=default,
    )

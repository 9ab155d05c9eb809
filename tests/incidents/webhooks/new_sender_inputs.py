"""Requests of further build servers and flag services, shaped after their documentation."""

from __future__ import annotations

import json
from typing import Any

from tests.incidents.signed_requests import sample
from tests.incidents.webhooks.change_inputs import NO, SHA, YES, Row


def _from_sample(kind: str, *puts: tuple[str, Any]) -> dict[str, Any]:
    """The sample with other values at some dotted paths; None removes the key."""
    body: dict[str, Any] = json.loads(sample(kind))
    for path, value in puts:
        *parents, last = path.split(".")
        at: Any = body
        for part in parents:
            at = at[int(part)] if part.isdigit() else at.setdefault(part, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
    return body


def _circle(number: int, name: str, *puts: tuple[str, Any]) -> dict[str, Any]:
    own = (("id", f"d-{number}"), ("workflow.id", f"w-{number}"), ("workflow.name", name))
    return _from_sample("circleci", *own, *puts)


_GIT = "pipeline.trigger_parameters.git"
_GITLAB_BASED = [("pipeline.vcs", None), (f"{_GIT}.repo_name", "checkout")]

CIRCLECI: list[Row] = [
    ("build and deploy", {}, _circle(1, "build-and-deploy"), {**YES, "version": SHA[:12]}),
    ("tests", {}, _circle(2, "unit-tests"), NO),
    ("a branch", {}, _circle(3, "build", ("pipeline.vcs.branch", "try-cache")), NO),
    ("deploy to staging", {}, _circle(4, "deploy-staging"), NO),
    ("failed", {}, _circle(5, "deploy", ("workflow.status", "failed")), {"outcome": "failed"}),
    ("canceled", {}, _circle(6, "deploy", ("workflow.status", "canceled")), None),
    ("not run", {}, _circle(7, "deploy", ("workflow.status", "not_run")), None),
    (
        "a tag",
        {},
        _circle(8, "build", ("pipeline.vcs.branch", None), ("pipeline.vcs.tag", "v8.54.0")),
        {**YES, "version": "v8.54.0"},
    ),
    (
        "scheduled",
        {},
        _circle(9, "build", ("pipeline.trigger.type", "scheduled_pipeline")),
        NO,
    ),
    (
        "of GitLab, with its default branch",
        {},
        _circle(
            10,
            "build",
            *_GITLAB_BASED,
            (f"{_GIT}.branch", "develop"),
            (f"{_GIT}.default_branch", "develop"),
            (f"{_GIT}.checkout_sha", SHA),
            ("project.name", "Shop"),
        ),
        {**YES, "service": "checkout", "branch": "develop"},
    ),
    (
        "a job",
        {},
        _circle(
            11,
            "x",
            ("type", "job-completed"),
            ("job", {"id": "j-1", "name": "deploy-production", "number": 4, "status": "success"}),
        ),
        {**YES, "title": "checkout: deploy-production"},
    ),
    (
        "a job that lints",
        {},
        _circle(
            12,
            "x",
            ("type", "job-completed"),
            ("job", {"id": "j-2", "name": "lint", "number": 5, "status": "success"}),
        ),
        NO,
    ),
    ("the same workflow again", {}, _circle(1, "build-and-deploy", ("id", "d-99")), None),
]


def _azure(number: int, event: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "notificationId": number,
        "id": f"n-{number}",
        "eventType": event,
        "resource": {"project": {"name": "Shop"}, **resource},
        "createdDate": "2026-06-01T10:05:00Z",
    }


def _azure_build(number: int, **more: Any) -> dict[str, Any]:
    resource = {
        "id": number,
        "buildNumber": f"20260601.{number}",
        "result": "succeeded",
        "status": "completed",
        "reason": "individualCI",
        "sourceBranch": "refs/heads/main",
        "sourceVersion": SHA,
        "startTime": "2026-06-01T10:00:00Z",
        "finishTime": "2026-06-01T10:04:00Z",
        "definition": {"name": "checkout"},
        "requestedFor": {"displayName": "Ada"},
        **more,
    }
    return _azure(number, "build.complete", resource)


def _azure_release(number: int, stage: str, status: str = "succeeded") -> dict[str, Any]:
    environment = {
        "id": number,
        "name": stage,
        "status": status,
        "releaseDefinition": {"name": "checkout"},
        "release": {"name": f"Release-{number}"},
    }
    event = "ms.vss-release.deployment-completed-event"
    return _azure(100 + number, event, {"environment": environment})


def _azure_stage(
    number: int, stage: str, run: int = 7, result: str = "succeeded"
) -> dict[str, Any]:
    return _azure(
        200 + number,
        "ms.vss-pipelines.stage-state-changed-event",
        {
            "stage": {"name": stage, "state": "completed", "result": result},
            "run": {"id": run, "name": f"20260601.{run}", "createdDate": "2026-06-01T11:00:00Z"},
            "pipeline": {"name": "checkout"},
        },
    )


AZURE: list[Row] = [
    ("a build of main", {}, _azure_build(1), {**YES, "version": SHA[:12], "author": "Ada"}),
    ("of a pull request", {}, _azure_build(2, sourceBranch="refs/pull/7/merge"), NO),
    ("by its reason", {}, _azure_build(3, reason="pullRequest"), NO),
    ("of a branch", {}, _azure_build(4, sourceBranch="refs/heads/users/ada/x"), NO),
    ("scheduled", {}, _azure_build(5, reason="schedule"), NO),
    ("partly", {}, _azure_build(6, result="partiallySucceeded"), {"outcome": "succeeded"}),
    ("canceled", {}, _azure_build(7, result="canceled"), None),
    (
        "the older version of the resource",
        {},
        _azure_build(
            8,
            result=None,
            status="failed",
            sourceBranch=None,
            sourceVersion=None,
            sourceGetVersion=f"LG:refs/heads/main:{SHA}",
        ),
        {"outcome": "failed", "version": SHA[:12], "branch": "main", **YES},
    ),
    ("a release to production", {}, _azure_release(1, "Production"), YES),
    ("to staging", {}, _azure_release(2, "Staging"), NO),
    ("rejected", {}, _azure_release(3, "Prod EU", "rejected"), {"outcome": "failed", **YES}),
    ("a stage of production", {}, _azure_stage(1, "DeployProduction"), YES),
    ("a stage of tests", {}, _azure_stage(2, "Test"), NO),
    ("a stage of QA", {}, _azure_stage(3, "DeployQA"), NO),
    ("a skipped stage", {}, _azure_stage(4, "DeployProduction", 8, "skipped"), None),
    (
        "a push",
        {},
        _azure(
            300,
            "git.push",
            {
                "refUpdates": [{"name": "refs/heads/main", "newObjectId": SHA}],
                "repository": {"name": "checkout", "defaultBranch": "refs/heads/main"},
                "pushedBy": {"displayName": "Ada"},
                "date": "2026-06-01T12:00:00Z",
            },
        ),
        {**YES, "branch": "main"},
    ),
    ("a work item", {}, _azure(301, "workitem.updated", {}), None),
]


def _rundeck(number: int, *puts: tuple[str, Any]) -> dict[str, Any]:
    return _from_sample("rundeck", ("execution.id", number), *puts)


def _options(**options: str) -> tuple[str, Any]:
    return ("execution.job.options", options)


RUNDECK: list[Row] = [
    ("production", {}, _rundeck(1), {**YES, "version": "8.53", "environment": "production"}),
    ("staging", {}, _rundeck(2, _options(service="checkout", environment="staging")), NO),
    ("as env", {}, _rundeck(3, _options(app="checkout", env="qa")), NO),
    ("by the job's name", {}, _rundeck(4, _options(), ("execution.job.name", "checkout")), YES),
    (
        "running",
        {},
        _rundeck(5, ("execution.status", "running"), ("trigger", "start")),
        {"outcome": "running", "finished_at": None},
    ),
    ("its end", {}, _rundeck(5), None),
    ("failed", {}, _rundeck(6, ("execution.status", "failed")), {"outcome": "failed"}),
    ("timed out", {}, _rundeck(7, ("execution.status", "timedout")), {"outcome": "failed"}),
    ("aborted", {}, _rundeck(8, ("execution.status", "aborted")), None),
    ("another project", {}, _rundeck(1, ("execution.project", "ops")), YES),
    (
        "a nightly check",
        {},
        _rundeck(9, ("execution.job.name", "Nightly backup"), _options(service="checkout")),
        NO,
    ),
    (
        "as the older plug-in has it",
        {},
        _rundeck(
            10,
            ("execution.date-started", None),
            ("execution.dateStartedW3c", "2026-06-01T10:00:00Z"),
        ),
        YES,
    ),
]


def _octopus(number: int, environment: str, *puts: tuple[str, Any], **more: Any) -> dict[str, Any]:
    project, release = more.get("project", "checkout"), "8.54.0"
    message = f"Deploy {project} release {release} to {environment} {more.get('end', 'succeeded')}"
    of = "Payload.Event"
    references = [
        {
            "ReferencedDocumentId": f"{kind}-1",
            "StartIndex": message.index(name),
            "Length": len(name),
        }
        for kind, name in (
            ("Projects", project),
            ("Releases", release),
            ("Environments", environment),
        )
    ]
    own = (
        (f"{of}.Id", f"Events-{number}"),
        (f"{of}.RelatedDocumentIds", [f"Deployments-{number}", "Projects-1"]),
        (f"{of}.Message", message),
        (f"{of}.MessageReferences", references),
    )
    return _from_sample("octopus", *own, *puts)


_CATEGORY = "Payload.Event.Category"
OCTOPUS: list[Row] = [
    ("production", {}, _octopus(1, "Production"), {**YES, "version": "8.54.0"}),
    ("staging", {}, _octopus(2, "Staging"), {**NO, "environment": "Staging"}),
    ("development", {}, _octopus(3, "Dev EU"), NO),
    (
        "started",
        {},
        _octopus(4, "Prod", (_CATEGORY, "DeploymentStarted")),
        {"outcome": "running"},
    ),
    ("its end", {}, _octopus(4, "Prod"), None),
    ("failed", {}, _octopus(5, "Live", (_CATEGORY, "DeploymentFailed")), {"outcome": "failed"}),
    ("queued", {}, _octopus(6, "Live", (_CATEGORY, "DeploymentQueued")), None),
    ("a machine", {}, _octopus(7, "Live", (_CATEGORY, "MachineHealthy")), None),
    ("another space", {}, _octopus(1, "Production", ("Payload.Event.SpaceId", "Spaces-2")), YES),
    ("UAT", {}, _octopus(8, "UAT"), NO),
    (
        "references that do not fit",
        {},
        _octopus(
            9,
            "Live",
            (
                "Payload.Event.MessageReferences",
                [{"ReferencedDocumentId": "Projects-1", "StartIndex": 7000, "Length": -1}],
            ),
        ),
        None,
    ),
]


def _spinnaker(number: int, name: str, *puts: tuple[str, Any]) -> dict[str, Any]:
    own = (("content.execution.id", f"01H{number}"), ("content.execution.name", name))
    return _from_sample("spinnaker", *own, *puts)


_STAGE = "content.execution.stages.0.context.account"
_STATUS = "content.execution.status"
SPINNAKER: list[Row] = [
    ("production", {}, _spinnaker(1, "Deploy"), {**YES, "environment": "k8s-prod"}),
    ("staging by its account", {}, _spinnaker(2, "Deploy", (_STAGE, "k8s-staging")), NO),
    ("an account that does not say", {}, _spinnaker(3, "Deploy", (_STAGE, "cluster-7")), YES),
    (
        "staging by its name",
        {},
        _spinnaker(4, "Deploy to staging", (_STAGE, "cluster-7")),
        NO,
    ),
    ("a bake", {}, _spinnaker(5, "Integration tests", ("content.execution.stages", [])), NO),
    ("starting", {}, _spinnaker(6, "Deploy", ("details.type", "orca:pipeline:starting"),
                                (_STATUS, "RUNNING")), {"outcome": "running"}),
    ("its end", {}, _spinnaker(6, "Deploy"), None),
    ("failed", {}, _spinnaker(7, "Deploy", ("details.type", "orca:pipeline:failed"),
                              (_STATUS, "TERMINAL")), {"outcome": "failed"}),
    ("canceled", {}, _spinnaker(8, "Deploy", (_STATUS, "CANCELED")), None),
    ("a stage", {}, _spinnaker(9, "Deploy", ("details.type", "orca:stage:complete")), None),
    ("another application", {}, _spinnaker(10, "Deploy", ("content.execution.application", "x")),
     None),
    ("a schedule", {}, _spinnaker(11, "Refresh", (_STAGE, "c-7"),
                                  ("content.execution.trigger", {"type": "cron"})), NO),
]  # fmt: skip


def _atlantis(*puts: tuple[str, Any]) -> dict[str, Any]:
    return _from_sample("atlantis", *puts)


ATLANTIS: list[Row] = [
    ("production", {}, _atlantis(), {**YES, "kind": "config", "environment": "production"}),
    ("staging", {}, _atlantis(("Workspace", "staging")), NO),
    ("the default workspace", {}, _atlantis(("Workspace", "default")), {"environment": "", **YES}),
    ("staging by its directory", {}, _atlantis(
        ("Workspace", "default"), ("Directory", "staging/checkout")), NO),
    ("failed", {}, _atlantis(("Success", False), ("Pull.Num", 72)), {"outcome": "failed"}),
    ("a project", {}, _atlantis(("ProjectName", "checkout-dev"), ("Workspace", "default")), NO),
    ("the next commit", {}, _atlantis(("Pull.HeadCommit", "a" * 40)), {"version": "a" * 12}),
    ("the same again", {}, _atlantis(), None),
    ("another repository", {}, _atlantis(("Repo.FullName", "ops/infrastructure")), YES),
    ("the root directory", {}, _atlantis(("Directory", "."), ("Repo.Name", "checkout")), YES),
    ("no commit", {}, _atlantis(("Pull.HeadCommit", ""), ("Directory", "checkout")), YES),
]  # fmt: skip


def _unleash(number: int, *puts: tuple[str, Any]) -> dict[str, Any]:
    return _from_sample("unleash", ("id", number), *puts)


UNLEASH: list[Row] = [
    ("production", {}, _unleash(1), {**YES, "kind": "flag"}),
    ("development", {}, _unleash(2, ("environment", "development")), NO),
    ("off", {}, _unleash(3, ("type", "feature-environment-disabled")),
     {"title": "Flag order-history-v2 was turned off in production"}),
    ("a strategy", {}, _unleash(4, ("type", "feature-strategy-update")), YES),
    ("variants", {}, _unleash(5, ("type", "feature-environment-variants-updated")), YES),
    ("archived", {}, _unleash(6, ("type", "feature-archived"), ("environment", None)), YES),
    ("a new flag", {}, _unleash(7, ("type", "feature-created")), None),
    ("a tag", {}, _unleash(8, ("type", "feature-tagged")), None),
    ("by its project", {}, _unleash(9, ("tags", []), ("project", "checkout")), YES),
    ("the environment in its data", {}, _unleash(
        10, ("environment", None), ("data", {"environment": "staging"})), NO),
    ("the same again", {}, _unleash(1), None),
]  # fmt: skip


def _flagsmith(at: str, *puts: tuple[str, Any]) -> dict[str, Any]:
    return _from_sample("flagsmith", ("data.timestamp", f"2026-06-01T{at}Z"), *puts)


_NOW, _WHERE = "data.new_state", "data.new_state.environment.name"
FLAGSMITH: list[Row] = [
    ("production", {}, _flagsmith("10:00:00"), {**YES, "environment": "Production"}),
    ("development", {}, _flagsmith("10:01:00", (_WHERE, "Development")), NO),
    ("staging", {}, _flagsmith("10:02:00", (_WHERE, "Staging")), NO),
    ("off", {}, _flagsmith("10:03:00", (f"{_NOW}.enabled", False),
                           ("data.previous_state.enabled", True)),
     {"title": "Flag order-history-v2 was turned off in Production"}),
    ("a value", {}, _flagsmith("10:04:00", ("data.previous_state.enabled", True)),
     {"title": "Flag order-history-v2 has another value in Production"}),
    ("removed", {}, _flagsmith("10:05:00", ("event_type", "FLAG_DELETED"), (_NOW, None)),
     {"title": "Flag order-history-v2 was removed in Production"}),
    ("without a state before", {}, _flagsmith("10:06:00", ("data.previous_state", None)), YES),
    ("its older form", {}, _flagsmith("10:07:00", (f"{_NOW}.environment", 23)), YES),
    ("an audit log", {}, {"event_type": "AUDIT_LOG_CREATED", "data": {"log": "x"}}, None),
    ("the same again", {}, _flagsmith("10:00:00"), None),
    ("demo", {}, _flagsmith("10:08:00", (_WHERE, "Demo")), NO),
]  # fmt: skip

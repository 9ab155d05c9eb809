"""Requests of change senders beyond the samples, shaped after what they document and really send.

Each row: an id, headers, a body, and what the stored change must say; None where nothing is stored.
"""

from __future__ import annotations

from typing import Any

Row = tuple[str, dict[str, str], dict[str, Any], dict[str, Any] | None]

SHA = "9f2c1a4e5d6b7a8091a2b3c4d5e6f708192a3b4c"


def _github(event: str) -> dict[str, str]:
    return {"X-GitHub-Event": event}


def _deployment(number: int, environment: str, **more: Any) -> dict[str, Any]:
    fields = {"ref": "main", "sha": SHA, "task": "deploy", **more}
    return {
        "deployment_status": {"state": "success", "created_at": "2026-06-01T10:05:00Z"},
        "deployment": {
            "id": number,
            "environment": environment,
            "created_at": "2026-06-01T10:00:00Z",
            "creator": {"login": "release-bot"},
            **fields,
        },
        "repository": {
            "name": "checkout",
            "full_name": "shop/checkout",
            "default_branch": "main",
        },
    }


def _workflow(number: int, name: str, **more: Any) -> dict[str, Any]:
    fields = {"event": "push", "head_branch": "main", "conclusion": "success", **more}
    return {
        "action": "completed",
        "workflow_run": {
            "id": number,
            "name": name,
            "run_number": number,
            "run_attempt": 1,
            "head_sha": SHA,
            "run_started_at": "2026-06-01T11:00:00Z",
            "updated_at": "2026-06-01T11:04:00Z",
            "actor": {"login": "ada"},
            **fields,
        },
        "repository": {
            "name": "checkout",
            "full_name": "shop/checkout",
            "default_branch": "main",
        },
    }


YES, NO = {"counts": True}, {"counts": False}
STATUS, RUN = _github("deployment_status"), _github("workflow_run")

GITHUB: list[Row] = [
    ("production", STATUS, _deployment(1, "production", production_environment=True), YES),
    (
        "a region of production",
        STATUS,
        _deployment(2, "prod-eu", production_environment=False),
        YES,
    ),
    ("staging", STATUS, _deployment(3, "staging"), {**NO, "environment": "staging"}),
    ("pre-production", STATUS, _deployment(4, "Pre-Production"), NO),
    ("a preview of a hosting bot", STATUS, _deployment(5, "Preview – checkout", ref=SHA), NO),
    ("production of a hosting bot", STATUS, _deployment(6, "Production – checkout", ref=SHA), YES),
    ("pages", STATUS, _deployment(7, "github-pages"), NO),
    ("a pull request's environment", STATUS, _deployment(8, "pr-412"), NO),
    (
        "transient, whatever its name",
        STATUS,
        _deployment(9, "checkout-7f3", transient_environment=True),
        NO,
    ),
    ("an unknown name, of main", STATUS, _deployment(10, "eu-west-1", ref=SHA), YES),
    ("no environment, of a feature", STATUS, _deployment(11, "", ref="feature/basket"), NO),
    (
        "a deploy of a feature branch to production",
        STATUS,
        _deployment(12, "live", ref="fix/x"),
        YES,
    ),
    ("deploy workflow", RUN, _workflow(20, "Deploy to production"), YES),
    ("tests and deploy", RUN, _workflow(21, "Test and deploy"), YES),
    ("unit tests", RUN, _workflow(22, "Unit tests"), NO),
    ("code scanning", RUN, _workflow(23, "CodeQL", event="dynamic"), NO),
    ("nightly scan", RUN, _workflow(24, "Nightly security scan", event="schedule"), NO),
    ("a scheduled build", RUN, _workflow(25, "Build image", event="schedule"), NO),
    ("a scheduled deploy", RUN, _workflow(26, "Weekly release", event="schedule"), YES),
    ("a build of a pull request", RUN, _workflow(27, "Build", event="pull_request_target"), NO),
    ("a build of a merge queue", RUN, _workflow(28, "Build", event="merge_group"), NO),
    ("a build of main", RUN, _workflow(29, "Build"), {**YES, "version": SHA[:12]}),
    ("a build of a branch", RUN, _workflow(30, "Build", head_branch="try-cache"), NO),
    ("a release branch", RUN, _workflow(31, "Build", head_branch="release/2026.6"), YES),
    ("deploy to staging", RUN, _workflow(32, "Deploy staging"), NO),
    ("documentation", RUN, _workflow(33, "Publish docs"), NO),
    ("waits for approval", RUN, _workflow(34, "Deploy", conclusion="action_required"), None),
    (
        "a release",
        _github("release"),
        {
            "action": "published",
            "release": {
                "tag_name": "v8.54.0",
                "name": "Spring",
                "prerelease": False,
                "published_at": "2026-06-01T12:00:00Z",
                "author": {"login": "ada"},
            },
            "repository": {"name": "checkout", "full_name": "shop/checkout"},
        },
        {**YES, "version": "v8.54.0", "author": "ada"},
    ),
    (
        "a pre-release",
        _github("release"),
        {
            "action": "published",
            "release": {"tag_name": "v9.0.0-rc.1", "prerelease": True},
            "repository": {"name": "checkout", "full_name": "shop/checkout"},
        },
        NO,
    ),
    (
        "a push to the default branch, whatever its name",
        _github("push"),
        {
            "ref": "refs/heads/develop",
            "after": SHA,
            "head_commit": {"message": "Round totals\n\nlong", "timestamp": "2026-06-01T12:30:00Z"},
            "pusher": {"name": "ada"},
            "repository": {
                "name": "checkout",
                "full_name": "shop/checkout",
                "default_branch": "develop",
            },
        },
        {**YES, "branch": "develop", "title": "checkout: Round totals"},
    ),
]


def _gitlab_deployment(number: int, environment: str, **more: Any) -> dict[str, Any]:
    return {
        "object_kind": "deployment",
        "status": "success",
        "status_changed_at": "2026-06-01 10:00:00 +0200",
        "deployment_id": number,
        "deployable_id": 700 + number,
        "environment": environment,
        "project": {
            "name": "Checkout Service",
            "path_with_namespace": "shop/checkout",
            "default_branch": "main",
        },
        "short_sha": "9f2c1a4e",
        "ref": "main",
        "user": {"username": "ada"},
        **more,
    }


def _pipeline(number: int, ref: str = "main", **more: Any) -> dict[str, Any]:
    attributes = {
        "id": number,
        "ref": ref,
        "tag": False,
        "sha": SHA,
        "status": "success",
        "source": "push",
        "created_at": "2026-06-01 11:00:00 UTC",
        "finished_at": "2026-06-01 11:07:00 UTC",
    }
    builds = more.pop("builds", [])
    request = more.pop("merge_request", None)
    return {
        "object_kind": "pipeline",
        "object_attributes": attributes | more,
        "merge_request": request,
        "user": {"username": "ada"},
        "project": {
            "name": "Checkout Service",
            "path_with_namespace": "shop/checkout",
            "default_branch": "main",
        },
        "builds": builds,
    }


def _job(environment: str, status: str = "success", tier: str | None = None) -> dict[str, Any]:
    where = {"name": environment, "action": "start", "deployment_tier": tier}
    return {"name": "deploy", "stage": "deploy", "status": status, "environment": where}


GITLAB: list[Row] = [
    ("production", {}, _gitlab_deployment(1, "production"), {**YES, "service": "checkout"}),
    ("a region", {}, _gitlab_deployment(2, "production/eu"), YES),
    ("a review app", {}, _gitlab_deployment(3, "review/basket-91"), NO),
    ("staging by its tier", {}, _gitlab_deployment(4, "blue", environment_tier="staging"), NO),
    ("production by its tier", {}, _gitlab_deployment(5, "eu", environment_tier="production"), YES),
    ("other tier", {}, _gitlab_deployment(6, "eu", environment_tier="other"), YES),
    ("canceled", {}, _gitlab_deployment(7, "production", status="canceled"), None),
    ("failed", {}, _gitlab_deployment(8, "prod", status="failed"), {**YES, "outcome": "failed"}),
    ("pipeline of main", {}, _pipeline(20), {**YES, "service": "checkout"}),
    ("pipeline of a branch", {}, _pipeline(21, "wip/basket"), NO),
    ("of a merge request", {}, _pipeline(22, source="merge_request_event"), NO),
    ("with a merge request", {}, _pipeline(23, merge_request={"iid": 4}), NO),
    ("of a tag", {}, _pipeline(24, "v8.54", tag=True), YES),
    ("scheduled", {}, _pipeline(25, source="schedule"), NO),
    ("deploys by hand later", {}, _pipeline(31, builds=[_job("production", "manual")]), NO),
    ("deploys staging only", {}, _pipeline(26, builds=[_job("staging")]), NO),
    (
        "deploys both",
        {},
        _pipeline(27, builds=[_job("staging"), _job("production", tier="production")]),
        {**YES, "environment": "production"},
    ),
    (
        "production waits for a click",
        {},
        _pipeline(28, builds=[_job("staging"), _job("production", "manual")]),
        NO,
    ),
    ("skipped", {}, _pipeline(29, status="skipped"), None),
    ("named", {}, _pipeline(30, name="Nightly tests"), NO),
    (
        "a release",
        {},
        {
            "object_kind": "release",
            "action": "create",
            "tag": "v8.54",
            "name": "Spring",
            "released_at": "2026-06-01 12:00:00 UTC",
            "project": {"name": "Checkout", "path_with_namespace": "shop/checkout"},
        },
        {**YES, "version": "v8.54"},
    ),
]

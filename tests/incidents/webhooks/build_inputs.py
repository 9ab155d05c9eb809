"""Requests of build servers, shaped after what they document and really send."""

from __future__ import annotations

from typing import Any

from tests.incidents.webhooks.change_inputs import NO, SHA, YES, Row


def _bitbucket_build(key: str, name: str, **more: Any) -> dict[str, Any]:
    status = {
        "key": key,
        "name": name,
        "refname": "main",
        "state": "SUCCESSFUL",
        "url": "https://ci.example/1",
        "commit": {"hash": SHA},
        "created_on": "2026-06-01T10:00:00Z",
        "updated_on": "2026-06-01T10:02:00Z",
        **more,
    }
    return {
        "actor": {"display_name": "Ada"},
        "repository": {"name": "Checkout Service", "full_name": "shop/checkout"},
        "commit_status": status,
    }


def _bitbucket_push(branch: str, kind: str = "branch", sha: str = SHA) -> dict[str, Any]:
    new = {"type": kind, "name": branch, "target": {"hash": sha, "message": "Round totals\n"}}
    return {
        "actor": {"display_name": "Ada"},
        "repository": {"name": "Checkout Service", "full_name": "shop/checkout"},
        "push": {"changes": [{"new": new}]},
    }


def _server_push(ref: str, kind: str = "BRANCH", **more: Any) -> dict[str, Any]:
    return {
        "eventKey": "repo:refs_changed",
        "date": "2026-06-01T10:00:00+0200",
        "actor": {"displayName": "Ada"},
        "repository": {"slug": "checkout", "name": "Checkout", "project": {"key": "SHOP"}},
        "changes": [
            {"ref": {"displayId": ref, "type": kind}, "toHash": SHA, "type": "UPDATE", **more}
        ],
    }


PUSH = {"X-Event-Key": "repo:push"}
BUILT = {"X-Event-Key": "repo:commit_status_created"}
SERVER = {"X-Event-Key": "repo:refs_changed"}

BITBUCKET: list[Row] = [
    ("push to main", PUSH, _bitbucket_push("main"), {**YES, "service": "checkout"}),
    ("push to a branch", PUSH, _bitbucket_push("feature/basket"), NO),
    ("a hotfix", PUSH, _bitbucket_push("hotfix/8.54.1"), YES),
    ("a tag", PUSH, _bitbucket_push("release-8.54", "tag"), YES),
    ("push at a data center", SERVER, _server_push("master"), {**YES, "service": "checkout"}),
    ("a branch there", SERVER, _server_push("bugfix/SHOP-12"), NO),
    ("a tag there", SERVER, _server_push("8.54", "TAG"), YES),
    ("a removed branch there", SERVER, _server_push("old", **{"type": "DELETE"}), None),
    ("deploy", BUILT, _bitbucket_build("deploy", "Deploy"), {**YES, "version": SHA[:12]}),
    ("tests", BUILT, _bitbucket_build("tests", "Unit tests"), NO),
    ("sonar", BUILT, _bitbucket_build("sonar", "SonarQube"), NO),
    ("a pipeline of main", BUILT, _bitbucket_build("-12", "Pipeline #12 for main"), YES),
    ("of a branch", BUILT, _bitbucket_build("-13", "Pipeline #13", refname="try/it"), NO),
    ("staging", BUILT, _bitbucket_build("stg", "Deploy to staging"), NO),
    ("stopped", BUILT, _bitbucket_build("stop", "Deploy", state="STOPPED"), None),
    (
        "the commit only in its link",
        BUILT,
        _bitbucket_build(
            "deploy-2",
            "Deploy",
            refname=None,
            commit=None,
            links={"commit": {"href": f"https://api.example/2.0/repositories/s/c/commit/{SHA}"}},
        ),
        {**YES, "version": SHA[:12]},
    ),
]


def _jenkins(url: str, number: int = 7, **build: Any) -> dict[str, Any]:
    name = url.rstrip("/").rpartition("/")[2]
    parts = {
        "full_url": f"https://ci.example/{url}{number}/",
        "number": number,
        "phase": "FINALIZED",
        "status": "SUCCESS",
        "timestamp": 1780300000000,
        "duration": 60000,
        "scm": {"commit": SHA},
        **build,
    }
    return {"name": name, "display_name": name, "url": url, "build": parts}


def _scm(branch: str, url: str = "") -> dict[str, Any]:
    return {"scm": {"commit": SHA, "branch": branch, **({"url": url} if url else {})}}


JENKINS: list[Row] = [
    ("a plain job", {}, _jenkins("job/checkout/"), {**YES, "service": "checkout"}),
    ("in a folder", {}, _jenkins("job/shop/job/checkout/"), {"title": "shop/checkout #7"}),
    (
        "a branch with a slash",
        {},
        _jenkins("job/shop/job/checkout/job/feature%252Fbasket/"),
        {**NO, "branch": "feature/basket", "service": "checkout"},
    ),
    ("a dry run", {}, _jenkins("job/checkout/", 11, parameters={"DRY_RUN": "true"}), NO),
    ("no dry run", {}, _jenkins("job/checkout/", 12, parameters={"DRY_RUN": "false"}), YES),
    ("a pull request", {}, _jenkins("job/shop/job/checkout/job/PR-41/"), NO),
    (
        "a branch that only the source code names",
        {},
        _jenkins("job/checkout/job/basket/", **_scm("origin/basket")),
        {**NO, "service": "checkout"},
    ),
    ("a release branch", {}, _jenkins("job/checkout/job/release%252F8.54/"), YES),
    (
        "the repository's name",
        {},
        _jenkins("job/nightly-7/", **_scm("origin/main", "git@code.example:shop/checkout.git")),
        {"service": "checkout"},
    ),
    (
        "an environment as parameter",
        {},
        _jenkins("job/deploy/", parameters={"SERVICE": "checkout", "ENVIRONMENT": "staging"}),
        {**NO, "environment": "staging"},
    ),
    (
        "production as parameter",
        {},
        _jenkins("job/roll/", parameters={"APP": "checkout", "ENV": "prod"}),
        {**YES, "service": "checkout"},
    ),
    (
        "parameters that were not filled in",
        {},
        _jenkins("job/checkout/", 8, parameters={"SERVICE": "${SERVICE}", "VERSION": "null"}),
        {"service": "checkout", "version": SHA[:12]},
    ),
    ("tests", {}, _jenkins("job/checkout-tests/", **_scm("main", "g:shop/checkout.git")), NO),
    ("staging in the name", {}, _jenkins("job/checkout-staging/"), {**NO, "service": "checkout"}),
    ("aborted", {}, _jenkins("job/checkout/", 9, status="ABORTED"), None),
]


def _pd(summary: str, source: str, details: Any = None, links: Any = ()) -> dict[str, Any]:
    return {
        "routing_key": "SECRET",
        "payload": {
            "summary": summary,
            "source": source,
            "timestamp": "2026-06-01T10:00:00Z",
            "custom_details": details or {},
        },
        "links": [{"href": link, "text": "View"} for link in links],
    }


PAGERDUTY: list[Row] = [
    (
        "a push that only links name",
        {},
        _pd("ada pushed main", "GitHub", {}, ["https://github.com/shop/checkout/compare/a...b"]),
        {"service": "checkout", **YES},
    ),
    ("a merge", {}, _pd("[PR Merged] Totals", "GitHub", {"repo": "shop/checkout"}), YES),
    (
        "details that hold JSON as text",
        {},
        _pd(
            "[Passed] Totals",
            "buildkite/deploy",
            {"author": '{"name": "Ada"}', "state": "passed", "repository": "shop/checkout"},
        ),
        {"author": "Ada", "outcome": "succeeded", **YES},
    ),
    (
        "failed on a branch",
        {},
        _pd("Build 12", "Jenkins", {"Repo": "checkout", "Branch": "wip", "Result": "FAILURE"}),
        {"outcome": "failed", **NO},
    ),
    ("staging", {}, _pd("Release 8.54", "Octopus", {"app": "checkout", "env": "Staging"}), NO),
    ("lint", {}, _pd("Passed", "CircleCI", {"repo": "shop/checkout", "workflow": "lint"}), NO),
    ("a source that is a service", {}, _pd("Config reload", "checkout"), YES),
    (
        "a clone's address",
        {},
        _pd(
            "Deployed",
            "Azure Pipelines",
            {"repository_url": "https://dev.azure.com/o/p/_git/checkout"},
        ),
        YES,
    ),
    (
        "a component",
        {},
        {"payload": {"summary": "Scaled", "source": "helm", "component": "checkout"}},
        YES,
    ),
    (
        "placeholders",
        {},
        _pd("Deploy ${VERSION} done", "GitLab CI/CD", {"service": "null", "repo": "shop/checkout"}),
        {"title": "Deploy done", "service": "checkout"},
    ),
    ("nothing but a tool", {}, _pd("Run done", "puppet"), None),
]

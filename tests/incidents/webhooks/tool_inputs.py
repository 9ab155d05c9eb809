"""Requests of tools that apply and toggle, shaped after what they document and really send."""

from __future__ import annotations

from typing import Any

from tests.incidents.webhooks.change_inputs import NO, SHA, YES, Row


def _argo(app: str, started: str = "10:00:00", **more: Any) -> dict[str, Any]:
    return {
        "app": app,
        "revision": SHA,
        "phase": "Succeeded",
        "startedAt": f"2026-06-01T{started}Z",
        "finishedAt": f"2026-06-01T{started}Z",
        **more,
    }


def _application(name: str, **operation: Any) -> dict[str, Any]:
    state = {
        "phase": "Succeeded",
        "startedAt": "2026-06-01T16:00:00Z",
        "finishedAt": "2026-06-01T16:00:40Z",
        "syncResult": {"revision": SHA},
        **operation,
    }
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "shop",
            "destination": {"namespace": "shop", "server": "https://kubernetes.default.svc"},
            "source": {"repoURL": "https://code.example/shop/deploy", "targetRevision": "HEAD"},
        },
        "status": {"operationState": state},
    }


ARGOCD: list[Row] = [
    ("synced", {}, _argo("checkout"), {**YES, "version": SHA[:12]}),
    ("synced again, reported twice", {}, _argo("checkout", phase="Running"), None),
    ("the next sync", {}, _argo("checkout", "11:00:00"), YES),
    ("failed", {}, _argo("checkout", "12:00:00", phase="Failed"), {"outcome": "failed"}),
    ("in error", {}, _argo("checkout", "12:30:00", phase="Error"), {"outcome": "failed"}),
    ("staging", {}, _argo("checkout-staging"), {**NO, "service": "checkout"}),
    ("production", {}, _argo("checkout-prod"), {**YES, "environment": "prod"}),
    ("a preview", {}, _argo("checkout-pr-12", service="x"), None),
    ("by its namespace", {}, _argo("checkout", "13:00:00", namespace="qa"), NO),
    ("by its cluster", {}, _argo("checkout", "14:00:00", cluster="eks-dev"), NO),
    ("another cluster", {}, _argo("checkout", "14:00:00", cluster="eks-prod"), YES),
    ("the same app elsewhere", {}, _argo("checkout", "14:00:00", namespace="eu"), YES),
    (
        "nothing filled in",
        {},
        _argo("checkout", "15:00:00", revision="<no value>", author="<no value>", url="<nil>"),
        {"version": "", "author": "", "url": ""},
    ),
    ("a branch", {}, _argo("checkout", "15:30:00", targetRevision="try-cache"), NO),
    ("the whole application", {}, {"app": _application("checkout")}, {"version": SHA[:12], **YES}),
    ("stopping", {}, _argo("checkout", "17:00:00", phase="Terminating"), None),
]


def _terraform(run: str, workspace: str, status: str = "applied", **more: Any) -> dict[str, Any]:
    return {
        "run_id": run,
        "run_message": "Raise the pool",
        "run_created_at": "2026-06-01T10:00:00.000Z",
        "run_created_by": "ada",
        "workspace_name": workspace,
        "organization_name": "shop",
        "notifications": [{"run_status": status, "run_updated_at": "2026-06-01T10:04:00.000Z"}],
        **more,
    }


TERRAFORM: list[Row] = [
    ("applied", {}, _terraform("run-1", "checkout"), {**YES, "kind": "config"}),
    ("applying", {}, _terraform("run-2", "checkout", "applying"), {"outcome": "running"}),
    ("its end", {}, _terraform("run-2", "checkout"), None),
    ("errored", {}, _terraform("run-3", "checkout", "errored"), {"outcome": "failed"}),
    ("production", {}, _terraform("run-4", "checkout-prod"), {**YES, "service": "checkout"}),
    ("staging", {}, _terraform("run-5", "checkout-staging"), {**NO, "service": "checkout"}),
    ("development first", {}, _terraform("run-6", "dev-checkout"), {**NO, "service": "checkout"}),
    ("planned only", {}, _terraform("run-7", "checkout", "planned_and_finished"), None),
    ("discarded", {}, _terraform("run-8", "checkout", "discarded"), None),
    ("needs a click", {}, _terraform("run-9", "checkout", "policy_checked"), None),
    ("another organization", {}, _terraform("run-1", "checkout", organization_name="ops"), YES),
]


def _flag(number: int, *resources: str, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"flag-{number}",
        "kind": "flag",
        "name": "basket-v2",
        "date": 1780300000000,
        "title": "Ada turned on the flag basket-v2",
        "member": {"email": "ada@example.com"},
        "target": {"name": "basket-v2", "resources": list(resources)},
        **more,
    }


_OF = ":flag/basket-v2;service:checkout"
LAUNCHDARKLY: list[Row] = [
    ("production", {}, _flag(1, f"proj/shop:env/production{_OF}"), {**YES, "kind": "flag"}),
    ("test", {}, _flag(2, f"proj/shop:env/test{_OF}"), {**NO, "environment": "test"}),
    ("staging", {}, _flag(3, f"proj/shop:env/staging{_OF}"), NO),
    ("development", {}, _flag(4, f"proj/shop:env/dev{_OF}"), NO),
    ("a region", {}, _flag(5, f"proj/shop:env/prod-eu{_OF}"), YES),
    ("two", {}, _flag(6, f"proj/shop:env/test{_OF}", f"proj/shop:env/production{_OF}"), YES),
    ("no environment", {}, _flag(7, f"proj/shop{_OF}"), {**YES, "environment": ""}),
    ("all environments", {}, _flag(8, f"proj/shop:env/*{_OF}"), YES),
    ("the same id elsewhere", {}, _flag(1, f"proj/other:env/production{_OF}"), YES),
    (
        "only its accesses name it",
        {},
        _flag(9, _OF, accesses=[{"action": "updateOn", "resource": "proj/shop:env/test:flag/x"}]),
        NO,
    ),
    ("sent again", {}, _flag(1, f"proj/shop:env/production{_OF}"), None),
    ("a project", {}, _flag(10, kind="project"), None),
]


def _own(title: str, **more: Any) -> dict[str, Any]:
    return {"service": "checkout", "title": title, "started_at": "2026-06-01T10:00:00Z", **more}


OWN: list[Row] = [
    ("plain", {}, _own("8.53"), {**YES, "counts_reason": ""}),
    ("with an id", {}, _own("8.54", id="8.54", environment="production"), YES),
    ("the same id in staging", {}, _own("8.54", id="8.54", environment="staging"), NO),
    ("its end", {}, _own("8.54", id="8.54", environment="production", outcome="failed"), None),
    ("a branch", {}, _own("8.55", branch="refs/heads/wip"), {**NO, "branch": "wip"}),
    ("main", {}, _own("8.56", branch="main"), YES),
    ("a tag", {}, _own("8.57", branch="refs/tags/v8.57"), YES),
    ("a job", {}, _own("8.58", job="integration tests"), NO),
    ("not filled in", {}, _own("8.59", version="$VERSION", environment="${ENV}"), {"version": ""}),
    ("half filled in", {}, _own("Deploy ${TAG} of checkout"), {"title": "Deploy of checkout"}),
    ("in German", {}, _own("8.60", environment="Entwicklung"), NO),
    ("a cluster's name", {}, _own("8.61", environment="k8s-nonprod-01"), NO),
]

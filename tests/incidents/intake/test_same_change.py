"""Which reports are one change: states in any order, retries, rollouts, and ids of others."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from incidents.models import Service
from tests.incidents.webhooks.change_requests import Sender
from tests.incidents.webhooks.rollout_inputs import kubernetes_event

pytestmark = pytest.mark.django_db

RUN = {"X-GitHub-Event": "workflow_run"}


@pytest.fixture(autouse=True)
def services() -> None:
    for name in ("checkout", "payments"):
        Service.objects.create(name=name)


def run(action: str, start: str, end: str, attempt: int, conclusion: Any = None) -> dict[str, Any]:
    return {
        "action": action,
        "workflow_run": {
            "id": 5, "name": "Deploy", "run_number": 9, "run_attempt": attempt, "event": "push",
            "head_branch": "main", "head_sha": "a" * 40, "conclusion": conclusion,
            "run_started_at": f"2026-06-01T{start}Z", "updated_at": f"2026-06-01T{end}Z",
        },
        "repository": {"name": "checkout", "full_name": "shop/checkout"},
    }  # fmt: skip


FIRST = [
    run("in_progress", "10:00:00", "10:00:10", 1),
    run("completed", "10:00:00", "10:04:00", 1, "failure"),
]
SECOND = [
    run("in_progress", "11:00:00", "11:00:10", 2),
    run("completed", "11:00:00", "11:04:00", 2, "success"),
]


def test_a_run_that_is_started_again_updates_its_change() -> None:
    sender = Sender("github")
    failed = sender.deliver(*FIRST, **RUN)[0]
    assert (failed.outcome, f"{failed.finished_at:%H:%M}") == ("failed", "10:04")
    again = sender.deliver(SECOND[0], **RUN)[0]
    assert (again.outcome, again.finished_at) == ("running", None)
    changes = sender.deliver(SECOND[1], FIRST[1], FIRST[0], **RUN)
    assert len(changes) == 1
    assert (changes[0].outcome, f"{changes[0].started_at:%H:%M}") == ("succeeded", "11:00")


def test_states_in_any_order_leave_the_last_one() -> None:
    states = [
        {"state": "queued", "created_at": "2026-06-01T10:00:01Z"},
        {"state": "in_progress", "created_at": "2026-06-01T10:00:05Z"},
        {"state": "success", "created_at": "2026-06-01T10:03:00Z"},
    ]
    sender = Sender("github")
    for number, order in enumerate(itertools.permutations(states), start=1):
        bodies = [
            {
                "deployment_status": state,
                "deployment": {
                    "id": number, "sha": "a" * 40, "ref": "main", "environment": "production",
                    "created_at": "2026-06-01T10:00:00Z",
                },
                "repository": {"name": "checkout"},
            }
            for state in order
        ]  # fmt: skip
        changes = sender.deliver(*bodies, **{"X-GitHub-Event": "deployment_status"})
        assert len(changes) == number
        assert changes[-1].outcome == "succeeded"
        assert f"{changes[-1].finished_at:%H:%M}" == "10:03"


def test_steps_of_a_rollout_in_any_order_are_one_change() -> None:
    steps = [
        ("Scaled up replica set checkout-{0} to 1 from 0", "10:00:00"),
        ("Scaled up replica set checkout-{0} to 2 from 1", "10:00:20"),
        ("Scaled up replica set checkout-{0} to 3 from 2", "10:00:40"),
    ]
    for number, order in enumerate(itertools.permutations(steps)):
        sender = Sender("kubernetes", name=f"order {number}")
        bodies = [kubernetes_event(text.format(f"6d4f{number}"), at=at) for text, at in order]
        changes = sender.deliver(*bodies)
        assert [(each.kind, each.version) for each in changes] == [
            ("deploy", f"checkout-6d4f{number}")
        ], order
        assert f"{changes[0].started_at:%H:%M:%S}" == "10:00:00"


def test_an_autoscaler_and_its_replica_set_are_one_scaling() -> None:
    size = "New size: 5; reason: cpu resource utilization above target"
    changes = Sender("kubernetes").deliver(
        kubernetes_event(size, "SuccessfulRescale", kind="HorizontalPodAutoscaler"),
        kubernetes_event("Scaled up replica set checkout-6d4f to 5", at="10:00:01"),
    )
    assert [each.kind for each in changes] == ["scaling"]


def test_workloads_in_two_namespaces_and_clusters_are_two_rollouts() -> None:
    message = "Scaled up replica set checkout-6d4f to 1 from 0"
    changes = Sender("kubernetes").deliver(
        kubernetes_event(message),
        kubernetes_event(message, namespace="eu"),
        kubernetes_event(message, clusterName="prod-b"),
        kubernetes_event(message.replace("checkout", "payments"), name="payments"),
    )
    assert [each.service.name for each in changes] == ["checkout"] * 3 + ["payments"]


def test_a_deadline_and_a_rollback_are_states_of_their_rollout() -> None:
    sender = Sender("kubernetes")
    stuck = 'ReplicaSet "checkout-6d4f" has timed out progressing.'
    changes = sender.deliver(
        kubernetes_event("Scaled up replica set checkout-6d4f to 1 from 0"),
        kubernetes_event(stuck, "ProgressDeadlineExceeded", at="10:10:00"),
    )
    assert [each.outcome for each in changes] == ["failed"]
    changes = sender.deliver(
        kubernetes_event("Rolled back to revision 3", "DeploymentRollback", at="10:12:00")
    )
    assert [each.outcome for each in changes] == ["rolled_back"]


def test_an_id_counts_for_its_service_and_environment_only() -> None:
    body = {"title": "8.54", "id": "8.54", "started_at": "2026-06-01T10:00:00Z"}
    changes = Sender("change").deliver(
        {**body, "service": "checkout", "outcome": "running"},
        {**body, "service": "payments"},
        {**body, "service": "checkout", "environment": "staging"},
        {**body, "service": "checkout", "outcome": "failed"},
    )
    assert [(each.service.name, each.environment, each.outcome) for each in changes] == [
        ("checkout", "", "failed"),
        ("payments", "", "succeeded"),
        ("checkout", "staging", "succeeded"),
    ]


def test_long_names_stay_apart() -> None:
    long = "x" * 180
    changes = Sender("change").deliver(
        {"service": "checkout", "title": "a", "id": long[:149] + "a"},
        {"service": "checkout", "title": "b", "id": long[:149] + "b"},
    )
    assert len(changes) == 2


def test_builds_without_an_id_are_as_many_as_their_commits() -> None:
    def built(commit: str, link: str) -> dict[str, Any]:
        details = {"repo": "shop/checkout", "commit": commit, "branch": "main"}
        payload = {"summary": "Build passed", "source": "CI", "custom_details": details}
        payload["timestamp"] = "2026-06-01T10:00:00Z"
        return {"payload": payload, "links": [{"href": link}]}

    changes = Sender("events_v2").deliver(
        built("a" * 40, "https://ci.example/1"),
        built("b" * 40, "https://ci.example/2"),
        built("b" * 40, "https://ci.example/2"),
        built("b" * 40, "https://ci.example/3"),
    )
    assert [(each.version, each.url[-1]) for each in changes] == [
        ("a" * 12, "1"),
        ("b" * 12, "2"),
        ("b" * 12, "3"),
    ]

"""Changes as senders really report them: which are one, which count, and of which service."""

from __future__ import annotations

import pytest

from incidents.models import Service, UnknownService
from tests.incidents.webhooks.change_requests import Sender, case, outcomes_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def services() -> None:
    for name in ("checkout", "payments"):
        Service.objects.create(name=name)


def test_the_repository_names_the_service_and_the_build_tool_does_not() -> None:
    change = Sender("events_v2").deliver(case("events_v2-change-actions.json"))[0]
    assert (change.service.name, change.counts, change.branch) == ("checkout", True, "main")

    unknown = Sender("events_v2", name="other")
    body = case("events_v2-change-actions.json")
    body["payload"]["custom_details"] = {}
    assert not unknown.deliver(body)
    assert "We do not know which service" in outcomes_of(unknown.integration)[0]
    assert not UnknownService.objects.exists()


def test_builds_of_two_repositories_with_one_number_are_two_changes() -> None:
    changes = Sender("jenkins").deliver(*case("jenkins-multibranch.json"))
    assert [(each.service.name, each.outcome, each.branch) for each in changes] == [
        ("checkout", "succeeded", "main"),
        ("payments", "failed", "main"),
    ]
    assert all(each.counts for each in changes)


def test_builds_of_two_commits_with_one_key_are_two_changes() -> None:
    sender = Sender("bitbucket")
    update = {"X-Event-Key": "repo:commit_status_updated"}
    changes = sender.deliver(*case("bitbucket-same-key.json"), **update)
    assert [each.version for each in changes] == ["d" * 12, "e" * 12]
    assert all(each.counts and each.service.name == "checkout" for each in changes)


def test_previews_and_lint_runs_are_stored_and_do_not_count() -> None:
    sender = Sender("github")
    for event, body in case("github-preview-and-lint.json").items():
        sender.deliver(body, **{"X-GitHub-Event": event})
    changes = sender.deliver()
    assert [(each.counts, each.counts_reason) for each in changes] == [
        (False, "Preview, by the default rule"),
        (False, "of a pull request, by the default rule"),
    ]


def test_one_rollout_is_one_deploy_whatever_the_wording() -> None:
    changes = Sender("kubernetes").deliver(*case("kubernetes-older-words.json"))
    assert [(each.kind, each.version) for each in changes] == [
        ("deploy", "checkout-7bf657c596"),
        ("deploy", "checkout-6d4f8c7b9"),
    ]


def test_no_value_is_nothing() -> None:
    change = Sender("argocd").deliver(case("argocd-no-value.json"))[0]
    assert (change.version, change.title) == ("", "checkout synced to a new state")

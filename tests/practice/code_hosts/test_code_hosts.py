"""What every code host fulfils: one status of a commit, with the verdict of the release gate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident
from incidents.models import Service
from practice.code_hosts import registry
from practice.code_hosts.base import RemoteError, names_repository, repository_name
from practice.models import CodeHost, LoadTest, Publication, Slo
from practice.records import code_hosts, publishing
from practice.records.load_tests import import_load_test
from practice.records.release_gate import gate_of
from tests.practice.code_hosts.conftest import FAKES, run
from tests.practice.code_hosts.fake_host import COMMIT, REPOSITORY, FakeHost
from tests.practice.conftest import count, fail
from tests.practice.records.test_records import summary

pytestmark = pytest.mark.django_db
OTHER_COMMIT = "a1" * 20


def a_run(service: Service, median: float, days_ago: float = 0, **fields: Any) -> LoadTest:
    at = timezone.now() - timedelta(days=days_ago)
    found, _ = import_load_test(service, "k6", summary(median), at=at, **fields)
    return found.test


def of_commit(service: Service, median: float, **fields: Any) -> LoadTest:
    given = {"repository": REPOSITORY, "commit": COMMIT, **fields}
    return a_run(service, median, **given)


@pytest.fixture
def baseline(checkout: Service) -> None:
    for number in range(4):
        a_run(checkout, 100 + number, days_ago=9 - number)


def test_every_code_host_has_a_server_to_prove_itself_against() -> None:
    assert set(FAKES) == set(registry())
    for plugin in registry().values():
        assert plugin.access
        assert {"token", "url", "repositories"} <= plugin.SettingsForm().fields.keys()


def test_a_result_is_shown_once_beside_its_commit_with_what_changed(
    host: CodeHost, fake: FakeHost, checkout: Service, baseline: None
) -> None:
    test = of_commit(checkout, 101)
    fake.loses_answers = 1
    run()
    assert run() == 1
    code_hosts.publish_later(test)
    run()
    [shown] = fake.shown()
    assert shown.passed
    assert shown.name == "Load test of checkout"
    assert shown.summary == "As usual."
    assert shown.link.endswith(f"/practice/load-tests/{test.pk}/")
    assert fake.rows() == 1
    of_commit(checkout, 160)
    run()
    [shown] = fake.shown()
    assert not shown.passed
    assert "median up by 58%" in shown.summary
    code_hosts.publish_later(test)
    run()
    assert not fake.shown()[0].passed, "An older run does not replace a newer one."
    assert Publication.objects.get(test=test).summary == publishing.SUPERSEDED


def test_commit_and_gate_say_the_same_also_when_the_budget_changes(
    host: CodeHost, fake: FakeHost, checkout: Service, slo: Slo
) -> None:
    file_incident(
        title="Secret weakness", services=[checkout], private=True,
        impact_started_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip
    of_commit(checkout, 100)
    run()
    assert fake.shown()[0].passed
    now = timezone.now()
    count(slo, now)
    fail(slo, now - timedelta(days=2), 60)
    assert publishing.follow_gates() == 1
    run()
    gate = gate_of(checkout, commit=COMMIT)
    assert not gate.may_release
    assert [(shown.passed, shown.summary) for shown in fake.shown()] == [(False, gate.in_words)]
    assert gate.in_words == "The error budget of availability is spent."
    assert publishing.follow_gates() == 0
    assert "Secret weakness" not in str(fake.writes)
    slo.days.all().delete()
    assert publishing.follow_gates() == 1
    run()
    assert fake.shown()[0].passed


def test_limits_are_waited_for_and_outages_repeated(
    host: CodeHost, fake: FakeHost, checkout: Service
) -> None:
    of_commit(checkout, 100)
    fake.failures = [(429, {"Retry-After": "600"}, {"message": "Too many"})]
    assert publishing.publish_due() == 0
    host.refresh_from_db()
    assert host.resting_until is not None
    assert 590 < (host.resting_until - timezone.now()).total_seconds() <= 600
    assert publishing.publish_due() == 0, "It rests as long as the host says."
    fake.failures = [(503, {}, {"message": "Down"})]
    assert run() == 0
    assert run() == 1
    host.refresh_from_db()
    assert host.trouble == host.last_refusal == ""


def test_a_revoked_token_is_shown_with_its_cure_and_a_new_one_publishes(
    host: CodeHost, fake: FakeHost, checkout: Service, admin_client: Client
) -> None:
    of_commit(checkout, 100)
    fake.token = "another"
    assert run() == 0
    page = admin_client.get(host.get_absolute_url()).content.decode()
    assert "wrong, expired or revoked. Enter a new one in the code host&#x27;s settings" in page
    assert "wrong, expired or revoked" in (
        admin_client.post(f"{host.get_absolute_url()}probe/", follow=True).content.decode()
    )
    given = {**fake.settings(), "code_host_name": "Ours", "enabled": "on", "token": "another"}
    saved = admin_client.post(f"{host.get_absolute_url()}edit/", given, follow=True)
    assert "another" not in saved.content.decode().replace("another one", "")
    assert run() == 1
    assert len(fake.shown()) == 1


def test_what_is_not_there_is_named_and_a_probe_reads_the_repository(
    host: CodeHost, fake: FakeHost, checkout: Service
) -> None:
    with pytest.raises(RemoteError, match="Name one repository in full"):
        code_hosts.probe(host)
    test = of_commit(checkout, 100, commit=OTHER_COMMIT)
    run()
    row = Publication.objects.get(test=test)
    assert row.state == "failed"
    assert f"has no commit {OTHER_COMMIT[:12]} in example/shop" in row.error
    assert "example/shop can be read" in code_hosts.probe(host)
    host.settings = {**fake.settings(), "repositories": "example/nothing"}
    with pytest.raises(RemoteError, match="has no repository example/nothing"):
        code_hosts.probe(host)


def test_only_repositories_of_the_settings_are_published(
    servers: dict[str, FakeHost], checkout: Service
) -> None:
    fake = servers["github"]
    fake.reset()
    host = CodeHost(name="Ours", kind="github", settings=fake.settings())
    host.secrets = {"token": "token-for-tests"}
    host.save()
    of_commit(checkout, 100, repository="https://evil.example/other/shop.git")
    assert not Publication.objects.exists()
    of_commit(checkout, 100)
    CodeHost.objects.update(settings={**fake.settings(), "repositories": "example/other"})
    assert run() == 0
    assert Publication.objects.get().summary == ""
    assert fake.writes == []
    CodeHost.objects.update(enabled=False)
    of_commit(checkout, 101)
    assert Publication.objects.count() == 1


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("example/shop", "example/shop"),
        ("https://git.example/example/group/shop.git", "example/group/shop"),
        ("git@git.example:example/shop.git", "example/shop"),
        ("ssh://git@git.example:7999/~ann/shop.git", "~ann/shop"),
        ("https://git.example/scm/SHOP/api.git", "SHOP/api"),
    ],
)
def test_a_repository_is_named_by_its_clone_address_too(written: str, name: str) -> None:
    assert repository_name(written) == name


@pytest.mark.parametrize("written", ["shop", "../../etc", "a/../b", "a b/c", "https://[x/a/b", ""])
def test_what_names_no_repository_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="example/shop"):
        repository_name(written)


def test_patterns_name_repositories_whole() -> None:
    assert names_repository("example/*", "Example/shop")
    assert not names_repository("example/*\nother/shop", "example-two/shop")
    assert not names_repository("other/shop", "other/shop-two")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"commit": COMMIT}, "repository"),
        ({"repository": REPOSITORY}, "commit"),
        ({"repository": REPOSITORY, "commit": "main"}, "commit"),
        ({"repository": "shop", "commit": COMMIT}, "repository"),
    ],
)
def test_half_of_a_place_is_refused_by_field(
    checkout: Service, given: dict[str, str], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        a_run(checkout, 100, 0, **given)
    assert set(refused.value.message_dict) == {field}


def test_the_page_and_the_api_show_the_run_its_verdict_and_where_it_is_published(
    servers: dict[str, FakeHost], checkout: Service, user: User, web: Client, baseline: None
) -> None:
    host = CodeHost(name="Ours", kind="gitlab", settings=servers["gitlab"].settings())
    host.secrets = {"token": "wrong"}
    host.save()
    body = {
        "service": "checkout", "tool": "k6", "content": summary(160), "commit": COMMIT.upper(),
        "repository": "git@git.example:example/shop.git",
    }  # fmt: skip
    made = web.post("/api/v1/load-tests/", body, content_type="application/json").json()
    assert made["repository"] == REPOSITORY
    assert made["gate"]["may_release"] is False
    assert made["publication"] == {
        "host": "Ours", "state": "waiting", "passed": None, "summary": "", "error": "",
    }  # fmt: skip
    gate = web.get(f"/api/v1/release-gate/?service=checkout&commit={COMMIT}").json()
    assert gate == made["gate"]
    assert [reason["what"] for reason in gate["reasons"]] == ["load-test"]
    run()
    page = web.get(gate["reasons"][0]["path"]).content.decode()
    assert "May not be released." in page
    assert "median up by 58%" in page
    assert "wrong, expired or revoked" in page
    assert web.get("/practice/code-hosts/").status_code == 403
    assert web.get("/api/v1/code-hosts/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_codehost"))
    [row] = web.get("/api/v1/code-hosts/").json()["results"]
    assert "secrets" not in row
    assert "wrong" not in str(row["settings"])

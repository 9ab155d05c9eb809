"""The guide through the first hour: each step is ticked by what really happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.models import Source
from analysis.presentation.first_hour import first_hour
from incidents.filing import file_incident
from incidents.history_import import import_incidents
from incidents.intake.processing import process_waiting
from incidents.models import Incident, Service
from kb.models import Workspace
from people.models import Account, Invitation
from tests.incidents.signed_requests import make, request_for, sample

pytestmark = pytest.mark.django_db
ANSWER = {"status": "success", "data": {"result": [{"value": [0, "3"]}]}}


@pytest.fixture
def admin(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_superuser("admin", password="pass-for-tests")


def ticked(viewer: User) -> list[str]:
    return [step.title for step in first_hour(viewer) if step.done]


def test_nothing_is_done_in_an_empty_installation(admin: User, client: Client) -> None:
    client.force_login(admin)
    assert ticked(admin) == []
    page = client.get("/analysis/first-hour/").content.decode()
    assert page.count("to do") == 7
    assert "0 of 7" in client.get("/analysis/first-hour/link/").content.decode().replace(
        "<strong>", ""
    ).replace("</strong>", "")
    assert "/analysis/first-hour/link/" in client.get("/").content.decode()


def test_a_source_counts_when_it_answered_not_when_it_was_entered(
    admin: User, client: Client, server: Callable[..., str]
) -> None:
    client.force_login(admin)
    made = Source.objects.create(
        name="p", kind="prometheus", settings={"url": server({"/api/v1/query": ANSWER})}
    )
    assert "has not answered yet" in client.get("/analysis/first-hour/").content.decode()
    assert ticked(admin) == []
    answer = client.post(f"/analysis/sources/{made.pk}/probe/")
    assert answer.headers["HX-Trigger"] == "step-done"
    assert ticked(admin) == ["Connect a source"]


def test_a_sender_counts_when_it_delivered(admin: User, client: Client) -> None:
    integration, secret = make("alertmanager")
    assert ticked(admin) == []
    path, body, headers = request_for(
        "alertmanager", integration.slug, secret, sample("alertmanager")
    )
    client.post(path, body, "application/json", headers=headers)
    process_waiting()
    assert ticked(admin) == ["Add an alert sender", "File a test incident"]


def test_history_incidents_and_services_count_as_they_come(admin: User) -> None:
    row = {"id": "7", "title": "Disk full", "started_at": "2026-01-02T03:04:05Z"}
    import_incidents([(1, row)], "wiki")
    assert ticked(admin) == ["Import history"]
    file_incident(title="Test", reporter=admin)
    assert ticked(admin) == ["Import history", "File a test incident"]
    Service.objects.create(name="shop")
    assert ticked(admin)[-1] == "Add the first service"


def test_private_incidents_and_deliveries_are_no_news_for_others(
    admin: User, user: User, client: Client
) -> None:
    file_incident(title="Secret", reporter=admin, private=True)
    assert "Secret" not in str(first_hour(user))
    assert ticked(user) == ["Invite people"]
    client.force_login(user)
    assert client.get("/analysis/first-hour/link/").content.decode().strip() == ""
    assert Incident.objects.get().title == "Secret"


def test_people_count_when_a_second_one_has_an_account_or_an_invitation(admin: User) -> None:
    assert "Invite people" not in ticked(admin)
    invitation = Invitation.objects.create(
        email="ada@shop.example", expires_at=timezone.now() + timedelta(days=1)
    )
    assert ticked(admin) == ["Invite people"]
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=timezone.now())
    assert ticked(admin) == []
    program = User.objects.create_user("deploy-bot")
    Account.objects.update_or_create(user=program, defaults={"service_account": True})
    assert ticked(admin) == []


def test_chat_counts_when_a_workspace_is_connected(admin: User) -> None:
    Workspace.objects.create(kind="slack", name="Slack")
    assert ticked(admin) == ["Connect chat"]


def test_the_page_follows_what_happens(admin: User, client: Client) -> None:
    client.force_login(admin)
    page = client.get("/analysis/first-hour/").content.decode()
    following = re.search(r'hx-get="(/analysis/first-hour/steps/[^"]*)"', page)
    assert following
    assert client.get(following[1]).status_code == 204
    Service.objects.create(name="shop")
    assert "1 of 7 done" in client.get(following[1]).content.decode()


def test_the_test_button_sends_an_alert_that_ticks_the_step(admin: User, client: Client) -> None:
    client.force_login(admin)
    integration, _ = make("alertmanager")
    page = client.get("/analysis/first-hour/").content.decode()
    assert f'action="/integrations/{integration.pk}/test/"' in page
    client.post(f"/integrations/{integration.pk}/test/")
    process_waiting()
    assert ticked(admin) == ["Add an alert sender", "File a test incident"]


def test_who_may_do_nothing_about_a_step_gets_no_button(user: User, client: Client) -> None:
    make("alertmanager")
    client.force_login(user)
    page = client.get("/analysis/first-hour/").content.decode()
    assert "Send a test alert" not in page
    assert 'href="/people/invite/"' not in page

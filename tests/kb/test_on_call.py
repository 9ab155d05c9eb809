"""Who is on call: read from the pager in time, shown with its age, and old where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.people.erasing import erase_person
from incidents.filing import file_incident
from incidents.models import Service
from kb import on_call
from kb.chat.base import ChatEvent
from kb.chatops.dispatch import answer_event
from kb.models import OnCall, OnCallReading, Workspace
from people.models import Team
from tests.pager_server import KEY, SENDER, Pagers
from tests.splunk_oncall_server import API_ID

pytestmark = pytest.mark.django_db
Connect = Callable[..., Workspace]


@pytest.fixture
def connect(pagers: Pagers) -> Connect:
    def make_workspace(kind: str, **settings: Any) -> Workspace:
        given = {"server": pagers.url, "sender": SENDER, "reads_on_call": True, **settings}
        row = Workspace(kind=kind, name=kind, settings=given)
        row.secrets = {"api_key": KEY, "api_id": API_ID}
        row.save()
        return row

    return make_workspace


@pytest.fixture
def ada(django_user_model: Any) -> User:
    user: User = django_user_model.objects.create_user("ada", email="ada@example.com")
    return user


@pytest.fixture
def rota(pagers: Pagers) -> Pagers:
    """Ada is on call for orders-db in each pager, then somebody without an account."""
    pagers.user("PADA", "Ada Example", "ada@example.com")
    pagers.user("PBOB", "Bob Unknown", "bob@example.com")
    pagers.services = [
        {"id": f"PS{n}", "name": f"other-{n}", "escalation_policy": {"id": "PEP0"}}
        for n in range(130)
    ] + [{"id": "PF9", "name": "Orders-DB", "escalation_policy": {"id": "PEP1"}}]
    until = (timezone.now() + timedelta(hours=6)).isoformat()
    for level, person in ((1, "PADA"), (2, "PBOB")):
        pagers.oncalls.append(
            {"escalation_policy": {"id": "PEP1", "summary": "Database"},
             "schedule": {"id": "PSCHED", "summary": "Database primary"} if level == 1 else None,
             "user": {"id": person}, "escalation_level": level,
             "start": None, "end": until if level == 1 else None}
        )  # fmt: skip
    pagers.schedules = {"orders-db": ["ada@example.com"], "mail": ["bob@example.com"]}
    pagers.splunk.user("ada", "Ada", "Example", "Ada@example.com")
    pagers.splunk.user("bob", "Bob", "Unknown", "bob@example.com")
    pagers.splunk.team("Orders-DB", "ada", "bob", policy="Database primary")
    pagers.splunk.team("Mail", "bob")
    for number in range(120):
        pagers.grafana.user(f"U{number}", f"user-{number}", f"{number}@example.com")
    pagers.grafana.user("UADA", "ada.example", "ada@example.com")
    pagers.grafana.user("UBOB", "Bob Unknown", "bob@example.com")
    for number in range(60):
        pagers.grafana.schedule(f"other-{number}", "U7")
    pagers.grafana.schedule("Orders-DB", "UADA", "UBOB")
    pagers.grafana.schedule("Mail", "UBOB")
    return pagers


def read_again() -> int:
    OnCallReading.objects.update(not_before=timezone.now())
    return on_call.read_pagers()


def rows() -> list[tuple[str, str, int]]:
    return [(each.service.name, each.shown_name, each.level) for each in OnCall.objects.all()]


def test_pagerduty_says_it_by_the_policy_of_the_service_of_that_name(
    connect: Connect, rota: Pagers, ada: User, database: Service
) -> None:
    connect("pagerduty")
    assert on_call.read_pagers() == 1
    assert rows() == [("orders-db", "ada", 1), ("orders-db", "Bob Unknown", 2)]
    first = OnCall.objects.get(level=1)
    assert (first.user, first.rota) == (ada, "Database primary")
    assert first.until
    assert first.until > timezone.now() + timedelta(hours=5)
    assert len([each for each in rota.requests if "/services" in each]) == 2, "by pages"


def test_opsgenie_says_it_by_the_schedule_of_the_service_or_its_team(
    connect: Connect, rota: Pagers, ada: User, database: Service
) -> None:
    shop = Service.objects.create(name="shop", owner=Team.objects.create(name="Payments"))
    rota.schedules = {"orders-db": ["ada@example.com"], "Payments_schedule": ["eve@example.com"]}
    connect("opsgenie")
    assert on_call.read_pagers() == 1
    assert rows() == [("orders-db", "ada", 1), (shop.name, "eve@example.com", 1)]


def test_splunk_on_call_says_it_by_the_team_or_policy_of_that_name(
    connect: Connect, rota: Pagers, ada: User, database: Service
) -> None:
    Service.objects.create(name="shop", owner=Team.objects.create(name="mail"))
    connect("splunk_oncall")
    assert on_call.read_pagers() == 1
    assert rows() == [
        ("orders-db", "ada", 1), ("orders-db", "Bob Unknown", 1), ("shop", "Bob Unknown", 1),
    ]  # fmt: skip
    assert OnCall.objects.get(user=ada).rota == "Database primary"
    assert len(rota.requests) == 2, "who is on call, and all people at once"


def test_grafana_oncall_says_it_by_the_schedule_of_that_name(
    connect: Connect, rota: Pagers, ada: User, database: Service
) -> None:
    connect("grafana_oncall")
    assert on_call.read_pagers() == 1
    assert rows() == [("orders-db", "Bob Unknown", 1), ("orders-db", "ada", 1)]
    assert OnCall.objects.get(user=ada).rota == "Orders-DB"
    assert len(rota.requests) == 4, "by pages, at its own address whatever the answer names"


ENTERED = {
    "pagerduty": "PEP7",
    "opsgenie": "mail",
    "splunk_oncall": "mail",
    "grafana_oncall": "Mail",
}


@pytest.mark.parametrize("kind", ENTERED)
def test_a_rota_that_a_manager_entered_wins(
    connect: Connect, rota: Pagers, database: Service, kind: str
) -> None:
    rota.oncalls.append({
        "escalation_policy": {"id": "PEP7", "summary": "Mail"}, "schedule": None,
        "user": {"id": "PBOB"}, "escalation_level": 1, "start": None, "end": None,
    })  # fmt: skip
    connect(kind, rotas=f"ORDERS-DB = {ENTERED[kind]}\n")
    assert on_call.read_pagers() == 1
    [(service, name, level)] = rows()
    assert (service, level) == ("orders-db", 1)
    assert "bob" in name.lower()


def test_it_is_read_every_five_minutes_and_a_change_replaces_what_was_said(
    connect: Connect, rota: Pagers, database: Service
) -> None:
    connect("opsgenie")
    assert on_call.read_pagers() == 1
    before = len(rota.requests)
    assert on_call.read_pagers() == 0
    assert len(rota.requests) == before
    rota.schedules["orders-db"] = ["eve@example.com"]
    assert read_again() == 1
    assert rows() == [("orders-db", "eve@example.com", 1)]


def test_it_is_off_until_a_manager_wants_it(
    connect: Connect, rota: Pagers, database: Service
) -> None:
    connect("pagerduty", reads_on_call=False)
    assert on_call.read_pagers() == 0
    assert rota.requests == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, {}), "answered 401. Its key or token was revoked"),
        ((403, {"message": "No access"}), "answered 403"),
        ((500, {}), "answered 500"),
        ((429, {}, {"Retry-After": "800"}), "answered 429"),
    ],
)
def test_what_cannot_be_read_stays_is_shown_as_old_and_the_workspace_says_why(
    connect: Connect, rota: Pagers, ada: User, database: Service, client: Client,
    django_user_model: Any, answer: Any, words: str,
) -> None:  # fmt: skip
    workspace = connect("pagerduty")
    on_call.read_pagers()
    OnCall.objects.update(read_at=timezone.now() - timedelta(minutes=21))
    rota.answers.append(answer)
    assert read_again() == 0
    client.force_login(django_user_model.objects.create_superuser("root"))
    assert words in client.get(workspace.get_absolute_url()).content.decode()
    panel = client.get(f"/knowledge/services/{database.pk}/on-call/").content.decode()
    assert "ada" in panel
    assert "may have changed" in panel
    waits = OnCallReading.objects.get().not_before - timezone.now()
    assert waits > timedelta(minutes=12 if answer[0] == 429 else 4)
    assert read_again() == 1
    assert "The last request failed" not in client.get(
        workspace.get_absolute_url()
    ).content.decode()  # fmt: skip


def test_what_was_not_read_for_days_says_nothing_any_more(
    connect: Connect, rota: Pagers, database: Service
) -> None:
    connect("opsgenie")
    on_call.read_pagers()
    OnCall.objects.update(read_at=timezone.now() - timedelta(days=3))
    on_call.read_pagers()
    assert not OnCall.objects.exists()


def test_a_shift_that_is_over_is_shown_as_old(database: Service) -> None:
    now = timezone.now()
    assert OnCall(until=now - timedelta(minutes=1), read_at=now).is_stale
    assert not OnCall(until=now + timedelta(minutes=1), read_at=now).is_stale


def test_a_line_that_names_no_service_is_named(
    connect: Connect, rota: Pagers, database: Service
) -> None:
    workspace = connect("pagerduty", rotas="orders-db = PEP1\nchekout = PEP2")
    assert on_call.read_pagers() == 0
    assert "“chekout = PEP2”: write a service of the catalogue" in on_call.problem_of(workspace)


def test_a_pager_with_endless_pages_is_read_within_limits(
    connect: Connect, rota: Pagers, database: Service
) -> None:
    rota.services = [
        {"id": f"PS{n}", "name": f"other-{n}", "escalation_policy": {"id": "PEP0"}}
        for n in range(5000)
    ]
    connect("pagerduty")
    assert on_call.read_pagers() == 1
    assert len(rota.requests) <= on_call.MOST_REQUESTS
    assert rows() == []


def test_odd_answers_of_a_pager_are_a_problem_and_no_crash(
    connect: Connect, rota: Pagers, database: Service
) -> None:
    workspace = connect("pagerduty")
    for odd in ([1, 2], {"services": [3, None, {"name": 4}]}, {"services": "x", "more": "yes"}):
        rota.answers.append((200, odd))
        read_again()
        assert rows() == []
    Workspace.objects.update(sealed="of another key")
    assert read_again() == 0
    assert on_call.problem_of(workspace)


def test_its_address_may_not_lead_into_a_private_network(
    connect: Connect, rota: Pagers, database: Service, settings: Any
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    workspace = connect("pagerduty")
    assert on_call.read_pagers() == 0
    assert "ALLOWED_PRIVATE_NETWORKS" in on_call.problem_of(workspace)


def test_the_api_says_who_is_on_call_and_how_old_that_is(
    connect: Connect, rota: Pagers, ada: User, database: Service
) -> None:
    Service.objects.create(name="mail")
    connect("opsgenie")
    on_call.read_pagers()
    api = APIClient()
    api.force_authenticate(ada)
    found = api.get("/api/v1/on-call/", {"service": "Orders-DB"}).json()["results"]
    assert [(each["name"], each["user"], each["stale"]) for each in found] == [
        ("ada", "ada", False)
    ]  # fmt: skip
    assert len(api.get("/api/v1/on-call/").json()["results"]) == 2
    assert APIClient().get("/api/v1/on-call/").status_code in (401, 403)


@pytest.mark.parametrize(
    "words", ["oncall orders-db", "who is on call for orders-db?", "who is on-call for Orders-DB"]
)
def test_chat_answers_who_is_on_call(
    connect: Connect, rota: Pagers, ada: User, database: Service, words: str
) -> None:
    workspace = connect("pagerduty")
    on_call.read_pagers()
    answer = answer_event(workspace, ChatEvent("command", words, channel="C"), False)
    assert answer.text == "On call for orders-db"
    first, second = answer.items[0].lines
    assert first.startswith("ada until ")
    assert first.endswith("UTC · Database primary")
    assert second == "Bob Unknown, level 2 · Database"
    OnCall.objects.update(read_at=timezone.now() - timedelta(hours=1))
    answer = answer_event(workspace, ChatEvent("command", words, channel="C"), False)
    assert "may have changed" in answer.items[0].lines[0]


def test_chat_says_where_no_pager_knows_and_who_shows_both(
    connect: Connect, rota: Pagers, ada: User, database: Service
) -> None:
    workspace = connect("pagerduty")
    database.on_call = "Database rota"
    database.save()
    event = ChatEvent("command", "oncall orders-db", channel="C")
    assert answer_event(workspace, event, False).text == (
        "No pager says who is on call for orders-db. Its record says: Database rota"
    )
    on_call.read_pagers()
    answer = answer_event(workspace, ChatEvent("command", "who orders-db", channel="C"), False)
    assert any(line.startswith("ada until") for line in answer.items[0].lines)


def test_pages_show_it_and_that_of_a_private_incident_only_to_its_people(
    connect: Connect, rota: Pagers, ada: User, database: Service, user: User, client: Client
) -> None:
    connect("pagerduty")
    on_call.read_pagers()
    incident = file_incident(title="x", services=[database], private=True, reporter=user)
    client.force_login(user)
    shown = client.get(f"/knowledge/incidents/{incident.pk}/on-call/").content.decode()
    assert "ada" in shown
    assert "Bob" not in shown, "only who is called first"
    page = client.get(database.get_absolute_url()).content.decode()
    assert f"/knowledge/services/{database.pk}/on-call/" in page
    client.force_login(ada)
    assert client.get(f"/knowledge/incidents/{incident.pk}/on-call/").status_code == 404


def test_somebody_who_is_erased_is_on_call_nowhere(
    connect: Connect, rota: Pagers, ada: User, database: Service, django_user_model: Any
) -> None:
    django_user_model.objects.create_superuser("root")
    connect("pagerduty")
    on_call.read_pagers()
    erase_person(ada)
    assert "ada" not in [name for _, name, _ in rows()]

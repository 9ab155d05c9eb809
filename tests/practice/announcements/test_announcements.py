"""What is coming: announced, met by history and questions, decided, compared with production."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident
from incidents.models import Change, Incident, Service
from kb.causes.linking import name_cause
from kb.chat.base import ChatAnswer, ChatEvent
from kb.chatops.dispatch import answer_event
from kb.models import ChatPerson, Workspace
from people.membership import give_role
from people.models import Role, Team
from practice.announcements import announcing
from practice.announcements.announcing import Promise
from practice.announcements.assessment import past_causes, questions
from practice.announcements.comparison import compare
from practice.models import Announcement, Engagement, Slo
from tests.practice.conftest import count

pytestmark = pytest.mark.django_db
SOON = timezone.now().date() + timedelta(days=12)
POOL = "Connection pool too small"


def announced(author: User, **fields: Any) -> Announcement:
    given = {"title": "Paying by invoice", "planned_on": SOON, **fields}
    return announcing.announce(author, **given)


def incident_of(service: Service, user: User, cause: str, **fields: Any) -> Incident:
    found = file_incident(title=f"{service} fails", services=[service], reporter=user, **fields)
    name_cause(found, cause, author=user)
    return found


def test_a_team_announces_in_a_form_and_history_answers_for_what_it_will_call(
    checkout: Service, database: Service, user: User, web: Client
) -> None:
    for _ in range(2):
        incident_of(database, user, POOL)
    incident_of(checkout, user, "Something else")
    given = {
        "title": "Paying by invoice", "new_service": "invoicing", "tier": "core",
        "planned_on": f"{SOON}", "flows": "POST /invoices on each order", "expected_rate": "40",
        "depends_on": [database.pk],
    }  # fmt: skip
    saved = web.post("/practice/coming/new/", given, follow=True).content.decode()
    assert "orders-db had 2 incidents of “Connection pool too small”" in saved
    assert "What prevents “Connection pool too small” this time?" in saved
    assert "Something else" not in saved
    assert "40 requests a second" in saved
    assert "Paying by invoice" in web.get("/practice/coming/").content.decode()
    row = Announcement.objects.get()
    text = questions(row, past_causes(row, user))
    assert len(text) > 5, "The checklist of its tier is among them."
    refused = web.post("/practice/coming/new/", {**given, "service": checkout.pk})
    assert refused.status_code == 422
    assert "or name a new one" in refused.content.decode()


def test_history_shows_nothing_of_private_incidents(
    database: Service, user: User, other: User, viewer_of_page: Client
) -> None:
    for _ in range(2):
        incident_of(database, user, "Secret weakness", private=True)
    row = announced(user, service=None, new_service="invoicing", depends_on=[database])
    assert [line.incidents for line in past_causes(row, user)] == [2]
    assert past_causes(row, other) == []
    page = viewer_of_page.get(row.get_absolute_url()).content.decode()
    assert "Secret weakness" not in page
    assert "Decide" not in page


@pytest.fixture
def viewer_of_page(client: Client, django_user_model: Any) -> Client:
    person = django_user_model.objects.create_user("viewer", password="pass-for-tests")
    give_role(person, Role.VIEWER)
    client.force_login(person)
    return client


def test_a_decision_makes_the_service_and_its_engagement_with_people_and_dates(
    checkout: Service, database: Service, user: User, other: User, web: Client
) -> None:
    row = announced(
        user, new_service="invoicing", owner=checkout.owner, tier="core", depends_on=[database]
    )
    address = row.get_absolute_url()
    due = SOON - timedelta(days=3)
    refused = web.post(address, {"state": "accepted", "owner_benchmark": "other"})
    assert "Until when?" in refused.content.decode()
    assert web.post(address, {"state": "postponed"}).status_code == 422
    decided = web.post(
        address,
        {
            "state": "accepted", "decision": "If the pool is sized.", "due_benchmark": f"{due}",
            "owner_benchmark": "other",
        },
        follow=True,
    ).content.decode()  # fmt: skip
    assert "If the pool is sized." in decided
    assert f"due {due}" in decided
    service = Service.objects.get(name="invoicing")
    assert (service.tier, service.lifecycle) == ("core", "architecture")
    assert service.owner == checkout.owner
    assert list(service.depends_on.all()) == [database]
    phase = Engagement.objects.get()
    assert (phase.owner, phase.due_on, phase.announcement) == (other, due, row)
    assert (
        "Paying by invoice" in web.get(f"/practice/services/{service.pk}/phases/").content.decode()
    )
    assert (
        "Paying by invoice" in web.get(f"/practice/services/{service.pk}/panel/").content.decode()
    )
    with pytest.raises(ValidationError, match="It is decided"):
        announcing.announce(user, announcement=row, title="Paying by invoice, too")


def test_only_those_of_the_team_decide_and_what_is_promised_is_due_at_home(
    checkout: Service, user: User, other: User, client: Client
) -> None:
    row = announced(user, service=checkout)
    assert row.owner == checkout.owner
    with pytest.raises(PermissionDenied):
        announcing.decide(row, other, "accepted")
    announcing.decide(row, user, "accepted", promises=[Promise("capacity", None, SOON)])
    phase = Engagement.objects.get(service=checkout)
    phase.due_on, phase.owner = timezone.now().date() - timedelta(days=1), other
    phase.save()
    assert phase.is_overdue
    for person, shown in ((other, True), (user, False)):
        client.force_login(person)
        due = client.get("/practice/home/due/?scope=mine").content.decode()
        assert ("checkout: Capacity plan" in due) is shown


def test_what_reached_production_is_shown_beside_what_was_announced(
    checkout: Service, database: Service, user: User, slo: Slo
) -> None:
    row = announced(
        user, service=checkout, tier="normal", expected_rate=0.2, depends_on=[database],
        planned_on=timezone.now().date() - timedelta(days=1),
    )  # fmt: skip
    lines = {line.what: line for line in compare(row, user)}
    assert lines["In production"].differs, "Its day has passed without a deploy."
    assert lines["Dependencies"].now == "without orders-db"
    assert lines["Load at the peak"].now == "not counted by an objective"
    Change.objects.create(service=checkout, title="8.6", version="8.6", started_at=timezone.now())
    checkout.depends_on.add(database)
    count(slo, timezone.now(), total=90.0)
    incident_of(checkout, user, POOL, impact_started_at=timezone.now())
    lines = {line.what: line for line in compare(row, user)}
    assert "8.6" in lines["In production"].now
    assert (lines["Tier"].announced, lines["Tier"].now, lines["Tier"].differs) == (
        "normal", "core", True,
    )  # fmt: skip
    assert (lines["Dependencies"].now, lines["Dependencies"].differs) == ("the same", False)
    load = lines["Load at the peak"]
    assert (load.announced, load.now) == ("0.2 a second more than 0.3", "0.3 a second")
    assert not load.differs
    assert lines["Incidents since"].now == "1"
    slo.days.filter(day=timezone.now().date()).update(total=[300.0] * 288)
    Announcement.objects.update(created_at=timezone.now() - timedelta(days=2))
    row.refresh_from_db()
    Service.objects.update(created_at=timezone.now() - timedelta(days=9))
    checkout.refresh_from_db()
    [load] = [line for line in compare(row, user) if line.what == "Load at the peak"]
    assert load.differs, "It is more than both together."


def test_the_api_announces_assesses_and_decides(
    checkout: Service, database: Service, web: Client, user: User
) -> None:
    for _ in range(4):
        incident_of(database, user, POOL)
    body = {
        "title": "Invoices", "new_service": "invoicing", "team": "Orders", "tier": "normal",
        "planned_on": f"{SOON}", "expected_rate": 40, "depends_on": ["orders-db"],
    }  # fmt: skip
    made = web.post("/api/v1/announcements/", body, content_type="application/json").json()
    address = f"/api/v1/announcements/{made['id']}/"
    changed = web.patch(address, {"tier": "core"}, content_type="application/json").json()
    assert (changed["tier"], changed["depends_on"]) == ("core", ["orders-db"])
    found = web.get(f"{address}assessment/").json()
    assert found["past"][0]["incidents"] == 4
    assert found["questions"][0]["text"] == f"What prevents “{POOL}” this time?"
    assert found["comparison"] == []
    promise = {"phase": "tuning", "due_on": f"{SOON}", "owner": "oncall"}
    decision = {"state": "accepted", "promises": [promise]}
    decided = web.post(f"{address}decide/", decision, content_type="application/json").json()
    assert decided["service"] == "invoicing"
    assert decided["phases"] == [
        {"phase": "tuning", "state": "todo", "owner": "oncall", "due_on": f"{SOON}"}
    ]
    assert web.get(f"{address}assessment/").json()["comparison"] != []
    refused = web.patch(address, {"tier": "normal"}, content_type="application/json")
    assert refused.status_code == 400


def said(workspace: Workspace, text: str, person: str = "U2CERLKJA") -> ChatAnswer:
    event = ChatEvent("command", text, person=person, channel="C0OPS")
    return answer_event(workspace, event, can_answer_privately=False)


def test_chat_announces_and_lists_what_is_coming(
    slack: Workspace, linked: ChatPerson, checkout: Service, user: User
) -> None:
    for _ in range(2):
        incident_of(checkout, user, POOL)
        incident_of(checkout, user, "Secret weakness", private=True)
    answer = said(slack, "announce checkout Paying by invoice 40/s on 2031-12-09")
    row = Announcement.objects.get()
    assert (row.service, row.title, row.expected_rate) == (checkout, "Paying by invoice", 40.0)
    assert row.planned_on == date(2031, 12, 9)
    [item] = answer.items
    assert any(f"2 incidents of “{POOL}”" in line for line in item.lines)
    assert "Secret weakness" not in str(answer), "A channel reads along."
    assert "new service invoicing" in said(slack, "announce invoicing Sends invoices").text
    assert Announcement.objects.latest("pk").owner == Team.objects.get(name="Orders")
    assert len(said(slack, "coming").items) == 2
    assert "Write the date" in said(slack, "announce checkout More load 2031-13-09").text
    assert "What is coming" in said(slack, "announce checkout").text

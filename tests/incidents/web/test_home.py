"""The home page: what burns, what is due, what recurs and what changed, for me, my teams, all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident, set_status
from incidents.home import SHOWN
from incidents.models import Change, Incident, Notice, Service
from incidents.responders import Part, add_person, assign_owner
from kb.causes.linking import create_cause, link_cause
from kb.models import ActionItem, Cause, CauseLink
from kb.postmortems.editing import start_postmortem
from people.models import Membership, Team
from practice.models import Practice, Verdict

pytestmark = pytest.mark.django_db


def read(client: Client, path: str = "/home/", scope: str = "all") -> str:
    answer = client.get(path, {"scope": scope})
    assert answer.status_code == 200
    return answer.content.decode()


def test_open_incidents_come_first_the_most_severe_on_top(web: Client, user: User) -> None:
    low = file_incident(title="low", severity="SEV4", reporter=user)
    high = file_incident(title="high", severity="SEV1", reporter=user)
    over = file_incident(title="over", severity="SEV1", reporter=user)
    set_status(over, "resolved", user)
    assign_owner(high, user, user)
    page = read(web)
    assert page.index(str(high)) < page.index(str(low))
    assert str(over) not in page
    assert page.count("no owner") == 1


def test_more_than_fit_are_counted_and_linked(web: Client, user: User) -> None:
    for number in range(SHOWN + 3):
        file_incident(title=f"broken {number}", reporter=user)
    page = read(web)
    assert page.count("broken ") == SHOWN
    assert 'href="/?open=true">3 more open incidents' in page


def test_mine_are_those_i_own_or_respond_to(web: Client, user: User) -> None:
    own, helped, other = (file_incident(title=word) for word in ("own", "helped", "other"))
    assign_owner(own, user)
    add_person(helped, user, Part.RESPONDER)
    page = read(web, scope="mine")
    assert str(own) in page
    assert str(helped) in page
    assert str(other) not in page
    assert str(other) not in read(web, "/home/open/", "mine")


def test_my_teams_are_those_whose_services_are_affected(
    web: Client, user: User, database: Service
) -> None:
    team = Team.objects.create(name="Orders")
    Membership.objects.create(team=team, user=user)
    Service.objects.filter(pk=database.pk).update(owner=team)
    elsewhere = Service.objects.create(name="mailer")
    ours = file_incident(title="ours", services=[database])
    other = file_incident(title="other", services=[elsewhere])
    Change.objects.create(service=database, title="orders 5.1")
    Change.objects.create(service=elsewhere, title="mailer 2.0")
    page = read(web, scope="team")
    assert str(ours) in page
    assert str(other) not in page
    assert "orders 5.1" in page
    assert "mailer 2.0" not in page
    assert "mailer 2.0" in read(web)


def test_changes_that_do_not_count_are_left_out(web: Client, database: Service) -> None:
    Change.objects.create(service=database, title="preview 12", counts=False)
    assert "preview 12" not in read(web)


def test_the_scope_chosen_last_is_used_again(web: Client) -> None:
    read(web, scope="mine")
    assert '<a href="?scope=mine" aria-current="page">' in web.get("/home/").content.decode()
    odd = web.get("/home/", {"scope": "<b>"}).content.decode()
    assert '<a href="?scope=all" aria-current="page">' in odd


def test_private_incidents_are_shown_to_who_may_see_them(web: Client, admin_client: Client) -> None:
    file_incident(title="credential leak", private=True)
    assert "credential leak" not in read(web)
    assert "credential leak" in read(admin_client)


def test_a_likely_or_confirmed_cause_is_put_at_its_incident(web: Client, user: User) -> None:
    incident = file_incident(title="orders-db deadlocks", reporter=user)
    link_cause(incident, create_cause(name="Lock order"), state="confirmed", author=user)
    unknown = file_incident(title="quite new", reporter=user)
    page = read(web, "/analysis/home/likely/")
    assert f'hx-swap-oob="innerHTML:#likely-{incident.pk}"' in page
    assert "Lock order" in page
    assert "✓ confirmed" in page
    assert f"#likely-{unknown.pk}" in page
    assert f'id="likely-{incident.pk}"' in read(web)


def test_a_private_cause_is_named_to_nobody_else(web: Client, admin_client: Client) -> None:
    incident = file_incident(title="leak", private=True)
    link_cause(incident, create_cause(name="Key in the image", private=True), state="confirmed")
    assert "Key in the image" not in read(web, "/analysis/home/likely/")


def test_a_cause_recurs_from_two_incidents_in_a_month(web: Client, user: User) -> None:
    twice, once, rejected = (create_cause(name=word) for word in ("Twice", "Once", "Rejected"))
    old = timezone.now() - timedelta(days=40)
    for cause, starts in ((twice, 2), (once, 1), (rejected, 2)):
        for number in range(starts):
            incident = file_incident(title=f"{cause} {number}", reporter=user)
            link = link_cause(incident, cause, author=user)
            if cause == rejected:
                link.state = "rejected"
                link.save()
    link_cause(file_incident(title="long ago", impact_started_at=old), once)
    panel = read(web, "/knowledge/home/recurring/")
    assert "Twice" in panel
    assert "2 incidents in 30 days" in panel
    assert "Once" not in panel
    assert "Rejected" not in panel


def test_what_is_due_lists_my_actions_the_first_due_on_top(web: Client, user: User) -> None:
    postmortem = start_postmortem([file_incident(title="x")])
    today = timezone.now().date()
    for title, owner, days in (("later", user, 5), ("late", user, -1), ("of others", None, 1)):
        ActionItem.objects.create(
            postmortem=postmortem, title=title, owner=owner, due_on=today + timedelta(days=days)
        )
    mine = read(web, "/knowledge/home/due/", "mine")
    assert mine.index("late<") < mine.index("later<")
    assert mine.count("overdue") == 1
    assert "of others" not in mine
    assert "of others" in read(web, "/knowledge/home/due/")


def test_postmortems_due_are_those_of_the_scope(web: Client, user: User) -> None:
    service = Service.objects.create(name="checkout", tier="core")
    start = timezone.now() - timedelta(days=20)
    times: dict[str, Any] = {"impact_started_at": start, "resolved_at": start + timedelta(hours=1)}
    incident = file_incident(
        title="checkout down", services=[service], severity="SEV1", status="resolved", **times
    )
    assert str(incident) in read(web, "/knowledge/home/due/")
    assert str(incident) not in read(web, "/knowledge/home/due/", "mine")
    assign_owner(Incident.objects.get(pk=incident.pk), user)
    assert str(incident) in read(web, "/knowledge/home/due/", "mine")


def test_decisions_to_review_are_due_on_their_day(web: Client) -> None:
    today = timezone.now().date()
    for name, day in (("Game days", today), ("Error budgets", today + timedelta(days=1))):
        practice = Practice.objects.create(name=name)
        Verdict.objects.create(practice=practice, word="no", review_on=day)
    panel = read(web, "/practice/home/due/")
    assert "Game days" in panel
    assert "Error budgets" not in panel


def test_an_empty_installation_says_so_in_every_panel(web: Client) -> None:
    assert "Nothing is open" in read(web)
    assert "was reported yet" in read(web)
    assert "waits" in read(web, "/knowledge/home/due/")
    assert "No cause had two incidents" in read(web, "/knowledge/home/recurring/")
    assert read(web, "/practice/home/due/").strip() == ""


def test_the_header_counts_unread_notices(web: Client, user: User) -> None:
    assert 'aria-label="Notices"' in read(web, "/notices/badge/")
    Notice.objects.create(user=user, key="x", text="x", path="/")
    assert 'aria-label="Notices, 1 unread"' in read(web, "/notices/badge/")
    assert 'aria-label="Notices, 1 unread"' in read(web)


def test_the_list_of_incidents_keeps_its_address(web: Client) -> None:
    assert "<h1>Incidents</h1>" in read(web, "/")


def test_what_became_private_since_an_answer_was_computed_is_not_named(
    web: Client, user: User
) -> None:
    incident = file_incident(title="orders-db deadlocks", reporter=user)
    cause = create_cause(name="Lock order")
    link_cause(incident, cause, state="confirmed", author=user)
    assert "Lock order" in read(web, "/analysis/home/likely/")
    CauseLink.objects.all().delete()
    Cause.objects.filter(pk=cause.pk).update(private=True)
    assert "Lock order" not in read(web, "/analysis/home/likely/")

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from analysis.suggestions.regression_guard import reopen_returned_cause
from incidents.filing import file_incident
from incidents.models import Incident, Notice, Service
from kb.causes import fixes, linking, merging
from kb.causes.symptom_names import question_for
from kb.models import Category, Cause, CauseLink, LedTo
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import publish, start_postmortem
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name", ["High CPU", "orders-db is down".replace("orders-db", "database"), "5xx errors",
             "Pods crashing", "slow requests", "CPU usage at 95 %", "OOMKilled", "service outage"],
)  # fmt: skip
def test_a_symptom_is_rejected_with_a_question(web: Client, incident: Incident, name: str) -> None:
    assert (question_for(name) or "").endswith("?")
    page = web.post(f"/knowledge/incidents/{incident.pk}/new-cause/", {"name": name})
    assert "is what was seen, not why" in page.content.decode()
    assert not Cause.objects.exists()


@pytest.mark.parametrize(
    "name", ["Certificate expired", "Disk full", "Index lost in the migration", "Leap second",
             "Connection pool too small", "Memory leak in the exporter", "Crash on empty basket"],
)  # fmt: skip
def test_a_cause_is_accepted(name: str) -> None:
    assert question_for(name) is None
    assert linking.create_cause(name=name).category_id == "other"


def test_the_list_of_categories_is_the_teams_own(web: Client, incident: Incident) -> None:
    Category.objects.create(slug="weather", name="Weather")
    form = {"name": "Lightning struck the data centre", "category": "weather"}
    web.post("/knowledge/causes/new/", form)
    assert Cause.objects.get().category.name == "Weather"
    assert "Weather" in web.get("/knowledge/causes/?category=weather").content.decode()
    with pytest.raises(ValidationError):
        linking.create_cause(name="Hail", category="nonsense")


def test_same_as_copies_causes_and_their_chain(
    web: Client, known: Incident, cause: Cause, other_cause: Cause, user: User
) -> None:
    linking.link_cause(known, other_cause, role="contributing", state="confirmed")
    linking.chain_causes(known, cause, other_cause, user)
    again = file_incident(title="Database busy again")
    web.post(f"/knowledge/incidents/{again.pk}/same-as/", {"other": known.reference})
    links = {link.cause_id: link for link in again.cause_links.all()}
    assert {(link.state, link.role) for link in links.values()} == {
        ("confirmed", "root"), ("confirmed", "contributing"),
    }  # fmt: skip
    assert links[cause.pk].reason == f"Same as {known.reference}"
    assert again.led_to.get().later == other_cause


def test_deciding_on_a_link_leaves_its_role(incident: Incident, other_cause: Cause) -> None:
    linking.link_cause(incident, other_cause, role="contributing")
    linking.link_cause(incident, other_cause, state="confirmed")
    link = incident.cause_links.get()
    assert (link.role, link.state) == ("contributing", "confirmed")


def test_same_as_an_incident_without_a_cause_says_so(web: Client, incident: Incident) -> None:
    bare = file_incident(title="Bare")
    path = f"/knowledge/incidents/{incident.pk}/same-as/"
    assert "has no cause yet" in web.post(path, {"other": bare.reference}).content.decode()
    assert "Name the other incident" in web.post(path, {"other": "INC-99999"}).content.decode()


def test_same_as_does_not_bring_back_what_was_rejected_here(known: Incident, cause: Cause) -> None:
    again = file_incident(title="Again")
    linking.link_cause(again, cause, state="rejected")
    with pytest.raises(ValidationError, match="rejected here"):
        linking.copy_causes(again, known)
    assert again.cause_links.get().state == "rejected"


def test_a_chain_is_drawn_and_has_one_direction(
    web: Client, known: Incident, cause: Cause, other_cause: Cause
) -> None:
    path = f"/knowledge/incidents/{known.pk}/chain/"
    pair = {"earlier": cause.pk, "later": other_cause.pk}
    assert "Choose two different causes" in web.post(path, pair).content.decode()
    linking.link_cause(known, other_cause, state="confirmed")
    assert '<svg class="chain"' in web.post(path, pair).content.decode()
    back = web.post(path, {"earlier": other_cause.pk, "later": cause.pk}).content.decode()
    assert "a chain has one direction" in back
    assert '<svg class="chain"' in web.get(f"/knowledge/causes/{cause.pk}/").content.decode()
    web.post(path, {**pair, "remove": "1"})
    assert not LedTo.objects.exists()


def test_evidence_is_cited_for_a_link_and_only_our_own_pages(web: Client, known: Incident) -> None:
    link = known.cause_links.get()
    path = f"/knowledge/incidents/{known.pk}/cite/"
    chart = {"link": link.pk, "title": "orders-db · CPU", "path": known.get_absolute_url()}
    assert "rests on" in web.post(path, chart).content.decode()
    assert "orders-db · CPU" in web.get(f"/knowledge/causes/{link.cause_id}/").content.decode()
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        page = web.post(path, {**chart, "path": elsewhere}).content.decode()
        assert "Cite a page of this site" in page
    web.post(path, {"remove": link.citations.get().pk})
    assert not link.citations.exists()


def test_the_page_counts_occurrences_cost_and_services(
    web: Client, cause: Cause, database: Service
) -> None:
    for days in (200, 20):
        linking.link_cause(past("Slow again", database, days), cause, state="confirmed")
    linking.link_cause(file_incident(title="Ongoing"), cause)
    page = web.get(f"/knowledge/causes/{cause.pk}/").content.decode()
    assert "3 <small>2 confirmed</small>" in page
    assert "2 h <small>and 1 ongoing</small>" in " ".join(page.split())
    assert "orders-db 2×" in page
    assert '<svg class="occurrences"' in page


def test_merging_moves_links_checks_and_actions_and_is_followed_by_suggestions(
    web: Client, known: Incident, cause: Cause, other_cause: Cause, user: User
) -> None:
    twin = past("orders-db CPU at 95 %")
    linking.link_cause(twin, other_cause, state="confirmed")
    linking.link_cause(known, other_cause, state="suspected")
    other_cause.checks.create(name="many", source="P", query="up", threshold=1)
    web.post(f"/knowledge/causes/{other_cause.pk}/merge/", {"into": cause.pk, "how": "merge"})
    other_cause.refresh_from_db()
    assert other_cause.superseded_by == cause
    assert set(cause.links.values_list("incident", "state")) == {
        (known.pk, "confirmed"), (twin.pk, "confirmed"),
    }  # fmt: skip
    assert cause.checks.get().name == "many"
    page = web.get(f"/knowledge/causes/{other_cause.pk}/").content.decode()
    assert "is suggested in its place" in page
    assert other_cause.name not in web.get("/knowledge/causes/").content.decode()
    suggested = [each.cause for each in suggest_for_text("orders-db CPU at 95 %", user).causes]
    assert cause in suggested
    assert other_cause not in suggested
    assert linking.name_cause(file_incident(title="New"), other_cause.name).cause == cause


def test_votes_for_a_superseded_cause_count_for_its_successor(
    known: Incident, cause: Cause, other_cause: Cause, user: User
) -> None:
    merging.supersede_cause(cause, other_cause)
    suggested = suggest_for_text(known.title, user).causes
    assert [each.cause for each in suggested] == [other_cause]
    assert known.cause_links.get().cause == cause


def test_splitting_moves_selected_incidents_to_a_new_cause(
    web: Client, known: Incident, cause: Cause
) -> None:
    second = past("Something else")
    moved = linking.link_cause(second, cause, state="confirmed")
    path = f"/knowledge/causes/{cause.pk}/split/"
    web.post(path, {"name": "Vacuum had been off", "link": moved.pk})
    assert second.causes.get().name == "Vacuum had been off"
    assert known.causes.get() == cause
    answer = web.post(path, {"name": "Another", "link": known.cause_links.get().pk}, follow=True)
    assert "Leave at least one" in answer.content.decode()


def test_a_fixed_cause_that_comes_back_is_reopened_and_its_owner_notified(
    known: Incident, cause: Cause, other: User, user: User
) -> None:
    known.impact_started_at = timezone.now() - timedelta(days=9)
    known.save()
    postmortem = start_postmortem([known], user)
    add_action(postmortem, title="Test the plan in CI", owner=other, state="done", cause=cause)
    fixes.mark_fixed(cause, user, at=timezone.now() - timedelta(days=2))
    again = file_incident(title=known.title, services=known.services.all())
    assert reopen_returned_cause(again, suggest_for_incident(again, user))
    assert fixes.current_fix(cause) is None
    assert again.cause_links.get().state == "suspected"
    entry = again.timeline.filter(text__contains="Back after its fix").get()
    assert "“Test the plan in CI” should have prevented it (done, owner: other)" in entry.text
    assert "is back after its fix" in Notice.objects.filter(user=other).latest("pk").text
    linking.link_cause(again, cause, state="rejected", author=user)
    assert fixes.current_fix(cause), "the guard was wrong: the fix is still current"


def test_an_incident_unlike_the_cause_or_before_the_fix_reopens_nothing(
    known: Incident, cause: Cause, user: User
) -> None:
    fixes.mark_fixed(cause, user)
    unlike = file_incident(title="Mails are late")
    assert reopen_returned_cause(unlike, suggest_for_incident(unlike, user)) is None
    earlier = past(known.title, days=3)
    assert reopen_returned_cause(earlier, suggest_for_incident(earlier, user)) is None
    assert fixes.current_fix(cause)


def test_the_notice_names_no_private_incident_the_owner_may_not_see(
    known: Incident, cause: Cause, other: User, user: User
) -> None:
    fix = fixes.mark_fixed(cause, other, at=timezone.now() - timedelta(days=2))
    secret = file_incident(title="Zebra leak", private=True, reporter=user)
    linking.link_cause(secret, cause, state="confirmed", author=user)
    fix.refresh_from_db()
    assert fix.returned_with == secret
    notice = Notice.objects.get(user=other)
    assert secret.reference not in notice.text + notice.path
    web = Client()
    web.force_login(other)
    assert secret.reference not in web.get(f"/knowledge/causes/{cause.pk}/").content.decode()


def test_a_published_postmortem_helps_similar_incidents_find_the_cause(
    known: Incident, cause: Cause, user: User
) -> None:
    words = "zookeeper quorum flapping with stale epochs"
    assert suggest_for_text(words, user).nothing_alike
    postmortem = start_postmortem([known], user)
    postmortem.body = f"## Summary\n\nWe saw {words}.\n\n## Lessons\n\nGiraffes."
    postmortem.save()
    publish(postmortem)
    found = suggest_for_text(words, user)
    assert found.causes[0].cause == cause
    assert suggest_for_text("giraffes", user).incidents == []


def test_a_postmortem_of_a_private_incident_feeds_no_public_one(
    known: Incident, user: User, other: User
) -> None:
    secret = file_incident(title="Quiet", private=True, reporter=user)
    postmortem = start_postmortem([known, secret], user)
    postmortem.body = "## Summary\n\nzebras walked through the vault"
    postmortem.save()
    publish(postmortem)
    assert suggest_for_text("zebras walked through the vault", other).incidents == []


def test_the_history_of_a_link_shows_who_changed_it(known: Incident, user: User) -> None:
    link = known.cause_links.get()
    linking.link_cause(known, link.cause, state="rejected", author=None, reason="Not this time")
    assert [row.state for row in link.history.order_by("history_id")] == ["confirmed", "rejected"]
    assert CauseLink.objects.get().reason == "Not this time"

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from analysis.api.suggestions import SuggestionsSerializer, suggestions_as_data
from analysis.models import Fingerprint
from analysis.suggestions.change_feed import RecentChanges
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from analysis.suggestions.live_index import live_index
from incidents.filing import edit_incident, file_incident, set_status
from incidents.models import Change, Incident, Service
from kb.causes.linking import link_cause, name_cause
from kb.models import Category, CauseLink
from people.models import Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def past(database: Service, user: User) -> Incident:
    for title in ("Mail delayed for hours", "Search returns nothing", "Images do not load"):
        file_incident(title=title)
    incident = file_incident(title="orders-db cpu pegged, checkout slow", services=[database])
    name_cause(incident, "Missing index", author=user)
    return set_status(incident, "resolved", resolution="Created the index")


def test_the_known_cause_comes_first_with_reasons_and_the_fix(past: Incident, user: User) -> None:
    found = suggest_for_text("orders-db CPU high", user)
    best = found.causes[0]
    assert best.cause.name == "Missing index"
    assert best.fixed_last_time == "Created the index"
    assert best.incidents[0].incident == past
    assert "service orders-db" in [reason.text for reason in best.reasons]


def test_reasons_name_real_overlap_only(past: Incident, user: User) -> None:
    query = "CPU of orders-db, disk smells"
    text_of_past = f"{past.title} {past.symptom}".lower()
    for reason in suggest_for_text(query, user).causes[0].reasons:
        if reason.kind == "word":
            assert reason.text.lower() in query.lower()
            assert reason.text.lower() in text_of_past


def test_nothing_alike_is_an_answer(past: Incident, user: User, web: Client) -> None:
    assert suggest_for_text("Printer on fire in Lisbon", user).nothing_alike
    page = web.get("/analysis/match/", {"title": "Printer on fire"}).content.decode()
    assert "Nothing like this in our history" in page


@pytest.mark.parametrize("title", ["x", "\x00", "?!", "9" * 300, "ünïcödé 漢字"])
def test_an_empty_history_answers_sanely(user: User, title: str) -> None:
    found = suggest_for_text(title, user)
    assert found.nothing_alike
    assert found.history == 0


def test_new_edited_and_deleted_incidents_are_seen_at_once(past: Incident, user: User) -> None:
    assert suggest_for_text("quantum flapping", user).nothing_alike
    fresh = file_incident(title="Quantum flapping observed")
    assert suggest_for_text("quantum flapping", user).incidents[0].incident == fresh
    edit_incident(fresh, title="Something else entirely")
    assert suggest_for_text("quantum flapping", user).nothing_alike
    fresh.delete()
    assert suggest_for_text("something else entirely", user).nothing_alike


def test_a_rejected_cause_is_not_suggested_again(past: Incident, user: User) -> None:
    fresh = file_incident(title="orders-db cpu high again")
    cause = suggest_for_incident(fresh, user).causes[0].cause
    link_cause(fresh, cause, state="rejected", author=user)
    assert cause not in [s.cause for s in suggest_for_incident(fresh, user).causes]


def test_what_happened_later_explains_nothing_and_fixed_nothing(
    database: Service, user: User, web: Client
) -> None:
    def filed(days: float) -> Incident:
        at = timezone.now() - timedelta(days=days)
        return file_incident(
            title="orders-db cpu pegged, checkout slow",
            services=[database],
            impact_started_at=at,
            detected_at=at,
        )

    earlier, between, later = filed(3), filed(2), filed(1)
    for incident, name in ((earlier, "Missing index"), (later, "Vacuum off")):
        name_cause(incident, name, author=user)
        set_status(incident, "resolved", resolution=f"Repaired: {name}")
    found = suggest_for_incident(between, user)
    assert found.causes[0].cause.name == "Missing index"
    assert [alike.incident for alike in found.incidents] == [earlier]
    page = web.get(f"/analysis/incidents/{between.pk}/suggestions/").content.decode()
    assert "Repaired: Missing index" in page
    assert "Repaired: Vacuum off" not in page
    assert later.reference not in page


def test_an_incident_with_a_start_in_the_future_explains_no_text(
    past: Incident, user: User
) -> None:
    soon = timezone.now() + timedelta(hours=1)
    times = {"impact_started_at": soon, "mitigated_at": soon, "resolved_at": soon}
    Incident.objects.filter(pk=past.pk).update(**times, updated_at=timezone.now())
    found = suggest_for_text("orders-db cpu pegged", user)
    assert past not in [alike.incident for alike in found.incidents]
    assert all(not suggestion.incidents for suggestion in found.causes)


def test_telemetry_decides_between_alike_texts(database: Service, user: User) -> None:
    for name, metric in (("Index missing", "rows read by scans up"), ("Vacuum", "locks up")):
        one = file_incident(title="orders-db cpu high", services=[database])
        Fingerprint.objects.create(incident=one, metrics={metric: metric})
        name_cause(one, name)
    fresh = file_incident(title="orders-db cpu high", services=[database])
    Fingerprint.objects.create(incident=fresh, metrics={"locks up": "locks up"})
    best = suggest_for_incident(fresh, user).causes[0]
    assert best.cause.name == "Vacuum"
    assert "metric off: locks up" in [reason.text for reason in best.reasons]


def test_accepting_by_one_click_confirms_the_cause(past: Incident, web: Client, user: User) -> None:
    fresh = file_incident(title="orders-db cpu high again")
    cause = suggest_for_incident(fresh, user).causes[0].cause
    answer = web.post(
        f"/knowledge/incidents/{fresh.pk}/link/", {"cause": cause.pk, "state": "confirmed"}
    )
    assert answer.headers["HX-Trigger-After-Swap"] == "causes-changed"
    link = fresh.cause_links.get()
    assert (link.cause, link.state, link.author) == (cause, "confirmed", user)
    assert "Missing index" in fresh.timeline.get(kind="cause").text


def test_an_open_twin_is_called_a_possible_duplicate(past: Incident, web: Client) -> None:
    file_incident(title="Checkout shows a blank page")
    page = web.get("/analysis/match/", {"title": "checkout shows blank page"}).content.decode()
    assert "still open" in page


def test_a_search_within_a_service_team_or_time_finds_what_lies_there(
    past: Incident, web: Client, user: User
) -> None:
    def post(**within: object) -> Any:
        body = {"title": "orders-db cpu pegged", **within}
        return web.post("/api/v1/suggestions/", body, content_type="application/json")

    def ask(**within: object) -> list[str]:
        return [cause["name"] for cause in post(**within).json()["causes"]]

    other = Service.objects.create(name="catalog-db", owner=Team.named("catalog"))
    twin = file_incident(title="orders-db cpu pegged", services=[other])
    name_cause(twin, "Runaway report", author=user)
    assert set(ask()) == {"Missing index", "Runaway report"}
    assert ask(within_services=["catalog-db"]) == ["Runaway report"]
    assert ask(within_team="catalog") == ["Runaway report"]
    assert ask(since="2990-01-01T00:00:00Z") == []
    assert post(since="soon").status_code == 400


def test_a_deploy_just_before_stands_beside_a_cause_that_deploys_bring(
    database: Service, user: User, web: Client
) -> None:
    past = file_incident(title="orders-db slow after release", services=[database])
    name_cause(past, "Query without index released", category="deploy", author=user)
    fresh = file_incident(title="orders-db slow, checkout waits", services=[database])
    assert suggest_for_incident(fresh, user).causes[0].change is None
    Change.objects.create(
        service=database,
        title="orders 8.53",
        started_at=fresh.impact_started_at - timedelta(minutes=6),
    )
    change = suggest_for_incident(fresh, user).causes[0].change
    assert change
    assert change.change.title == "orders 8.53"
    page = web.get(f"/analysis/incidents/{fresh.pk}/suggestions/").content.decode()
    assert "And orders-db had a deploy 6 min before: orders 8.53" in " ".join(page.split())


def test_a_cause_taken_away_no_longer_votes(past: Incident, user: User) -> None:
    assert suggest_for_text("orders-db CPU high", user).causes
    CauseLink.objects.get(incident=past).delete()
    assert not suggest_for_text("orders-db CPU high", user).causes


def test_a_renamed_category_shows_at_the_next_question(past: Incident, user: User) -> None:
    category = suggest_for_text("orders-db CPU high", user).causes[0].cause.category
    renamed = Category.objects.get(pk=category.pk)
    renamed.name = "All else"
    renamed.save()
    assert suggest_for_text("orders-db CPU high", user).causes[0].cause.category.name == "All else"


def test_what_a_failed_transaction_wrote_is_forgotten(past: Incident, user: User) -> None:
    assert len(suggest_for_text("orders-db CPU high", user).causes) == 1
    with transaction.atomic():
        name_cause(past, "A slip of the hand", author=user)
        edit_incident(past, user, title="Unicorns graze")
        assert len(suggest_for_text("orders-db CPU high", user).causes) == 2
        transaction.set_rollback(True)
    assert len(suggest_for_text("orders-db CPU high", user).causes) == 1
    assert suggest_for_text("Unicorns graze", user).nothing_alike


def test_the_answer_is_what_its_schema_describes(
    past: Incident, database: Service, user: User
) -> None:
    fresh = file_incident(title="orders-db cpu pegged again", services=[database])
    found = suggest_for_incident(fresh, user)
    assert found.causes
    assert found.incidents
    assert suggestions_as_data(found) == SuggestionsSerializer(found).data


def test_the_same_question_again_costs_little_until_anything_is_written(
    past: Incident, user: User, django_assert_max_num_queries: Any
) -> None:
    # A process that has just read everything reads what is newest once more.
    suggest_for_text("warm up", user)
    first = suggest_for_text("orders-db CPU high", user)
    with django_assert_max_num_queries(3):
        assert suggest_for_text("orders-db CPU high", user) is first
    edit_incident(past, user, resolution="Dropped the query")
    again = suggest_for_text("orders-db CPU high", user)
    assert again.causes[0].fixed_last_time == "Dropped the query"


def test_an_answer_with_something_private_is_kept_for_nobody(
    past: Incident, user: User, other: User
) -> None:
    secret = file_incident(
        title="orders-db CPU high, keys stolen", private=True, reporter=user, quiet=True
    )
    for person, sees in ((user, True), (other, False), (user, True)):
        found = suggest_for_text("orders-db CPU high", person)
        assert (secret in [alike.incident for alike in found.incidents]) is sees
    edit_incident(secret, user, private=False)
    assert suggest_for_text("orders-db CPU high", other).incidents[0].incident == secret
    edit_incident(secret, user, private=True)
    found = suggest_for_text("orders-db CPU high", other)
    assert secret not in [alike.incident for alike in found.incidents]


def test_what_another_thread_read_meanwhile_is_as_private_as_it_was_filed(
    past: Incident, user: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = live_index.refresh
    filed: list[Incident] = []

    def overtaken() -> RecentChanges:
        changes = ordinary()
        if not filed:
            filed.append(
                file_incident(title="orders-db CPU high, keys stolen", private=True, reporter=user)
            )
            ordinary()  # of another request, between this one's two steps
        return changes

    monkeypatch.setattr(live_index, "refresh", overtaken)
    found = suggest_for_text("orders-db CPU high", other)
    assert filed[0] not in [alike.incident for alike in found.incidents]

"""Readiness reviews, gates, gaps from incidents, and the onboarding board."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident, set_status
from incidents.models import Alert, Incident, Service
from practice import onboarding_board
from practice.models import (
    Checklist,
    Drill,
    Engagement,
    Practice,
    ReadinessAnswer,
    ReadinessFinding,
    ReadinessReview,
    Slo,
)
from practice.readiness import reviews
from practice.readiness.automatic_checks import CHECKS

pytestmark = pytest.mark.django_db


def verdicts(review: ReadinessReview) -> dict[str, str]:
    """The automatic answers, by check."""
    return {a.item.auto: a.verdict for a in review.answers.select_related("item") if a.auto}


def test_a_review_starts_with_automatic_answers(
    checkout: Service, database: Service, user: User
) -> None:
    checkout.depends_on.add(database)
    review = reviews.start_review(checkout, user)
    found = verdicts(review)
    assert {key for key, verdict in found.items() if verdict == "yes"} == {
        "owner", "on-call", "repository", "runbook", "dashboard", "dependencies", "tiers",
        "actions", "findings",
    }  # fmt: skip
    assert {key for key, verdict in found.items() if verdict == "no"} == {
        "load-test", "capacity", "metrics", "alert", "slo",
    }  # fmt: skip
    assert found["restore"] == "n/a"
    assert reviews.start_review(checkout, user) == review


def test_automatic_answers_follow_the_facts_and_those_of_people_are_not_overwritten(
    database: Service, user: User
) -> None:
    review = reviews.start_review(database, user)
    assert verdicts(review)["restore"] == "no"
    drill = Drill.objects.create(service=database, worked=True)
    Alert.objects.create(
        source="t", fingerprint="f", name="HighCpu", service=database, starts_at=timezone.now()
    )
    item = review.checklist.items.get(auto="runbook")
    reviews.answer_item(review, item, user, verdict="n/a", note="The platform's runbook covers it.")
    reviews.refresh_open_reviews()
    assert verdicts(review)["restore"] == "yes"
    assert verdicts(review)["alert"] == "yes"
    assert review.answers.get(item=item).verdict == "n/a"
    written = ReadinessAnswer.history.count()
    assert reviews.refresh_open_reviews() == 1
    assert ReadinessAnswer.history.count() == written
    drill.at = timezone.now() - timedelta(days=120)
    drill.save()
    reviews.refresh_answers(review)
    assert verdicts(review)["restore"] == "no"


def test_a_review_is_answered_on_its_page_and_closed_with_a_score(
    checkout: Service, web: Client, user: User
) -> None:
    page = web.post(f"/practice/services/{checkout.pk}/readiness/", follow=True)
    review = ReadinessReview.objects.get()
    assert "Has an alert fired for it?" in page.content.decode()
    answer = web.post(review.get_absolute_url(), {"act": "close"}, follow=True)
    assert "questions have no answer yet" in answer.content.decode()
    for item in review.checklist.items.filter(auto=""):
        web.post(
            f"{review.get_absolute_url()}items/{item.pk}/",
            {"verdict": "yes", "note": "Shown.", "evidence": "https://wiki.example/shown"},
        )
    web.post(review.get_absolute_url(), {"act": "close"})
    review.refresh_from_db()
    items = review.checklist.items.count()
    verdicts_given = list(review.answers.values_list("verdict", flat=True))
    assert review.score == verdicts_given.count("yes") / (items - verdicts_given.count("n/a"))
    assert review.expires_on == timezone.now().date() + timedelta(days=180)
    late = web.post(f"{review.get_absolute_url()}items/{item.pk}/", {"verdict": "no"}, follow=True)
    assert "This review is closed" in late.content.decode()
    assert review.answers.get(item=item).verdict == "yes"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"verdict": "maybe"}, "not a valid choice"),
        ({"verdict": "yes", "evidence": "javascript:alert(1)"}, "valid URL"),
    ],
)
def test_a_bad_answer_is_rejected_with_the_reason(
    checkout: Service, web: Client, user: User, given: dict[str, str], message: str
) -> None:
    review = reviews.start_review(checkout, user)
    item = review.checklist.items.filter(auto="")[0]
    page = web.post(f"{review.get_absolute_url()}items/{item.pk}/", given, follow=True)
    assert message in page.content.decode()
    assert not review.answers.filter(item=item).exists()


def test_an_expired_review_is_shown_as_such_and_the_next_one_copies_answers(
    checkout: Service, web: Client, user: User
) -> None:
    review = reviews.start_review(checkout, user)
    for item in review.checklist.items.filter(auto=""):
        reviews.answer_item(review, item, user, verdict="yes", note="Shown.")
    reviews.close_review(review)
    review.expires_on = timezone.now().date() - timedelta(days=1)
    review.save()
    page = web.get(f"/practice/services/{checkout.pk}/readiness/").content.decode()
    assert "review it again" in page
    again = reviews.start_review(checkout, user)
    assert again != review
    assert again.answers.filter(auto=False, note="Shown.").count() == 7
    for item in again.checklist.items.all():
        reviews.answer_item(again, item, user, verdict="yes")
    reviews.close_review(again)
    page = web.get(f"/practice/services/{checkout.pk}/readiness/").content.decode()
    assert "<polyline" in page


def test_a_changed_checklist_is_a_new_version_and_old_reviews_keep_theirs(
    checkout: Service, manager: Client, user: User
) -> None:
    review = reviews.start_review(checkout, user)
    given = {"items": "Ownership | Who owns it? | owner\nOperations | Is it fun?", "valid_days": 30}
    assert manager.post("/practice/checklists/core/", given).status_code == 302
    newest = Checklist.objects.filter(tier="core").first()
    assert newest is not None
    assert (newest.version, newest.valid_days, newest.items.count()) == (2, 30, 2)
    assert review.checklist.version == 1
    for items, message in (
        ("no bar", "Line 1"), ("a | b | nonsense", "Not known: nonsense"), ("", "required"),
    ):  # fmt: skip
        answer = manager.post("/practice/checklists/core/", {"items": items, "valid_days": 30})
        assert answer.status_code == 422
        assert message in answer.content.decode()
    assert Checklist.objects.filter(tier="core").count() == 2


def test_editing_checklists_needs_the_permission(web: Client) -> None:
    assert web.get("/practice/checklists/core/").status_code == 403
    assert "22 questions" in web.get("/practice/checklists/").content.decode()


def test_a_gate_lists_what_is_missing_and_overriding_it_needs_a_reason(
    checkout: Service, web: Client
) -> None:
    checkout.lifecycle = "development"
    checkout.on_call = ""
    checkout.save()
    page = web.get(f"/practice/services/{checkout.pk}/readiness/").content.decode()
    assert "on-call is named: Nobody is named." in page
    assert "a readiness review of at least 80%: none that is valid" in page
    address = f"/practice/services/{checkout.pk}/stage/"
    refused = web.post(address, {"stage": "general"}, follow=True).content.decode()
    assert "Give the reason for going on without" in refused
    checkout.refresh_from_db()
    assert checkout.lifecycle == "development"
    web.post(address, {"stage": "general", "reason": "Signed off by the board"})
    checkout.refresh_from_db()
    assert checkout.lifecycle == "general"
    newest = checkout.history.first()
    assert newest is not None
    assert "Signed off" in newest.history_change_reason


def test_neither_form_nor_api_bypasses_a_gate(checkout: Service, web: Client, user: User) -> None:
    checkout.lifecycle = "development"
    checkout.save()
    given = {
        "name": "checkout", "tier": "core", "kind": "http", "owner_team": "Orders",
        "lifecycle": "general", "runbook_url": "https://wiki.example/checkout",
    }  # fmt: skip
    form = web.post(f"/services/{checkout.pk}/edit/", given)
    assert form.status_code == 422
    assert "it can continue with a reason" in form.content.decode()
    answer = web.patch(
        f"/api/v1/services/{checkout.pk}/", {"lifecycle": "general"},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 400
    assert "Its gate is not passed" in answer.json()["errors"]["lifecycle"][0]
    checkout.refresh_from_db()
    assert checkout.lifecycle == "development"
    answer = web.patch(
        f"/api/v1/services/{checkout.pk}/", {"lifecycle": "deprecated"},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 200


def test_a_service_that_has_everything_passes_its_gate(
    checkout: Service, database: Service, user: User
) -> None:
    checkout.depends_on.add(database)
    assert reviews.missing_for(checkout, "limited") == []
    Slo.objects.create(
        service=checkout, name="a", numerator="x[$window]", total="y[$window]",
        pulled_until=timezone.now(),
    )  # fmt: skip
    Alert.objects.create(
        source="t", fingerprint="f", name="n", service=checkout, starts_at=timezone.now()
    )
    review = reviews.start_review(checkout, user)
    for item in review.checklist.items.all():
        reviews.answer_item(review, item, user, verdict="yes")
    reviews.close_review(review)
    assert reviews.missing_for(checkout, "general") == []
    assert reviews.enter_stage(checkout, "general").lifecycle == "general"


@pytest.mark.django_db(transaction=True)
def test_a_resolved_incident_leaves_its_gaps_as_findings(
    database: Service, web: Client, user: User
) -> None:
    incident = file_incident(title="orders-db slow", services=[database])
    set_status(incident, "resolved")
    kinds = set(ReadinessFinding.objects.values_list("kind", flat=True))
    assert kinds == {"no-alert", "no-dashboard", "no-runbook", "no-slo"}
    reviews.find_gaps(incident)
    assert ReadinessFinding.objects.count() == 4
    finding = ReadinessFinding.objects.get(kind="no-runbook")
    close = f"/practice/findings/{finding.pk}/close/"
    assert "Say what closed it" in web.post(close, follow=True).content.decode()
    web.post(close, {"note": "Runbook written"})
    page = web.get(f"/practice/services/{database.pk}/readiness/").content.decode()
    assert "Runbook written" in page
    assert CHECKS["findings"].run(database).note == "3 open."


def test_gaps_are_found_though_the_signal_of_the_resolution_was_lost(database: Service) -> None:
    now = timezone.now()
    for age in (timedelta(hours=1), timedelta(days=1)):
        file_incident(
            title="orders-db slow", services=[database], impact_started_at=now - 2 * age,
            detected_at=now - 2 * age, resolved_at=now - age, status="resolved", quiet=True,
        )  # fmt: skip
    assert reviews.find_missed_gaps() == 4
    assert reviews.find_missed_gaps() == 0
    assert ReadinessFinding.objects.values("incident").distinct().count() == 1


def test_a_finding_of_a_private_incident_shows_to_nobody_else(
    database: Service, user: User, other: User, client: Client
) -> None:
    incident = file_incident(
        title="Zebra leak", services=[database], private=True, reporter=user, quiet=True
    )
    reviews.find_gaps(incident)
    address = f"/practice/services/{database.pk}/readiness/"
    client.force_login(other)
    assert "Zebra" not in client.get(address).content.decode()
    finding = ReadinessFinding.objects.first()
    assert finding is not None
    assert client.post(f"/practice/findings/{finding.pk}/close/", {"note": "x"}).status_code == 404
    client.force_login(user)
    assert "Zebra" in client.get(address).content.decode()


def past(service: Service, count: int) -> None:
    now = timezone.now()
    for number in range(count):
        start = now - timedelta(days=number + 2)
        file_incident(
            title=f"{service} down", services=[service], impact_started_at=start,
            detected_at=start, resolved_at=start + timedelta(minutes=30), status="resolved",
            quiet=True,
        )  # fmt: skip


def test_the_service_with_most_impact_and_highest_tier_is_suggested_next(
    database: Service, checkout: Service, user: User, web: Client
) -> None:
    lesser = Service.objects.create(name="mailer", tier="supplementary")
    past(database, 3)
    past(lesser, 4)
    past(checkout, 1)
    onboarding_board.set_phase(checkout, "benchmark", "doing")
    columns = onboarding_board.board(user)
    assert [card.service.name for card in onboarding_board.suggested(columns)] == [
        "orders-db",
        "mailer",
    ]
    assert [card.service.name for card in columns["benchmark"]] == ["checkout"]
    page = web.get("/practice/").content.decode()
    assert "3 incidents in 180 days, 90 minutes" in page


def test_a_private_incident_counts_on_no_other_persons_board(
    database: Service, user: User, other: User
) -> None:
    Incident.objects.update(private=True)
    file_incident(title="x", services=[database], private=True, reporter=user, quiet=True)
    assert onboarding_board.board(user)[""][0].incidents == 1
    assert onboarding_board.board(other)[""][0].incidents == 0


def test_a_phase_is_done_only_with_evidence(checkout: Service, web: Client, user: User) -> None:
    address = f"/practice/services/{checkout.pk}/phases/"
    refused = web.post(address, {"phase": "benchmark", "state": "done"}, follow=True)
    assert "Say what shows that it is done" in refused.content.decode()
    assert not Engagement.objects.exists()
    given = {"phase": "benchmark", "state": "done", "owner": user.username, "evidence": "run 7"}
    web.post(address, given)
    row = Engagement.objects.get()
    assert (row.state, row.owner, row.evidence) == ("done", user, "run 7")
    for phase in onboarding_board.Phase.values[1:]:
        onboarding_board.set_phase(checkout, phase, "skipped")
    assert [card.service for card in onboarding_board.board(user)["done"]] == [checkout]
    with pytest.raises(ValidationError, match="Choose one of"):
        onboarding_board.set_phase(checkout, "party", "done")


def test_no_null_character_breaks_a_form(checkout: Service, web: Client, user: User) -> None:
    review = reviews.start_review(checkout, user)
    item = review.checklist.items.filter(auto="")[0]
    practice = Practice.objects.get(name="Game days")
    odd = "odd\x00"
    own = f"/practice/services/{checkout.pk}/"
    for address, given in (
        (f"{own}phases/", {"phase": "benchmark", "state": "done", "owner": odd, "evidence": odd}),
        (f"{own}stage/", {"stage": "limited", "reason": odd}),
        (f"{own}drills/new/", {"kind": "restore", "notes": odd}),
        (f"{review.get_absolute_url()}items/{item.pk}/", {"verdict": "yes", "note": odd}),
        (f"/practice/map/{practice.pk}/", {"word": "no", "note": odd, "team": odd}),
        (f"{own}load-tests/new/", {"tool": "k6", "scenario": odd, "content": odd}),
    ):
        assert web.post(address, given).status_code in (302, 422), address
    assert review.answers.get(item=item).note == "odd"

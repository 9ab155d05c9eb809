"""Load tests, drills, capacity, the practice map, names not in the catalogue, monthly reviews."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from analysis.models import Source
from analysis.sources.base import Series
from analysis.sources.prometheus import Prometheus
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.filing import file_incident
from incidents.models import Alert, Change, Service, UnknownService
from kb.causes.linking import name_cause
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import start_postmortem
from practice import monthly_review, practice_map, prometheus
from practice.models import Capacity, LoadTest, Practice, Slo, Subscription
from practice.records import load_tests
from practice.records.capacity import measure_all
from tests.practice.conftest import count, fail

pytestmark = pytest.mark.django_db


def summary(median: float, failed: float = 0.0) -> str:
    return json.dumps(
        {
            "metrics": {
                "http_req_duration": {"med": median, "p(95)": 2 * median, "p(99)": 3 * median},
                "http_reqs": {"count": 1000, "rate": 50},
                "http_req_failed": {"value": failed},
            }
        }
    )


def test_a_slower_release_is_named_and_listed_among_the_changes(
    checkout: Service, web: Client
) -> None:
    for number in range(6):
        load_tests.import_load_test(
            checkout, "k6", summary(100 + number % 3), release=f"1.{number}",
            at=timezone.now() - timedelta(days=9 - number),
        )  # fmt: skip
    web.post(
        f"/practice/services/{checkout.pk}/load-tests/new/",
        {"tool": "k6", "release": "1.6", "scenario": "default", "content": summary(160)},
    )
    newest = LoadTest.objects.first()
    assert newest is not None
    assert {each.name for each in load_tests.compared_run(newest).worse} == {"p50", "p95", "p99"}
    change = Change.objects.get(version="1.6")
    assert change.title.startswith("Load test of 1.6: median up by 58%")
    page = web.get(f"/practice/services/{checkout.pk}/records/").content.decode()
    assert "median up by 58%" in page


def test_the_same_summary_is_stored_once_and_rubbish_is_rejected(
    checkout: Service, web: Client
) -> None:
    address = f"/practice/services/{checkout.pk}/load-tests/new/"
    for _ in range(2):
        web.post(address, {"tool": "k6", "scenario": "peak", "content": summary(90)})
    assert LoadTest.objects.count() == Change.objects.count() == 1
    answer = web.post(address, {"tool": "locust", "scenario": "peak", "content": "x"})
    assert answer.status_code == 422
    assert "It has no line “Aggregated”" in answer.content.decode()
    with pytest.raises(ValidationError, match="Choose one of"):
        load_tests.import_load_test(checkout, "artillery", "x")


def test_runs_are_compared_within_a_scenario_only(checkout: Service) -> None:
    for number in range(4):
        load_tests.import_load_test(
            checkout, "k6", summary(100 + number), scenario="peak",
            at=timezone.now() - timedelta(hours=9 - number),
        )  # fmt: skip
    run, _ = load_tests.import_load_test(checkout, "k6", summary(400), scenario="soak")
    assert run.moved == []


def test_days_until_full_are_shown_and_failures_are_reported(
    manager: Client, database: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/practice/services/{database.pk}/"
    given = {"what": "disk", "query": "max(disk_used)", "limit": "1", "unit": "ratio"}
    manager.post(f"{address}capacity/new/", given)
    page = manager.get(f"{address}records/").content.decode()
    assert "No Prometheus is set up as a source." in page
    Source.objects.create(name="Prometheus", kind="prometheus")
    plugin = Prometheus({"url": "http://prometheus.example"})

    def points(text: str, start: float, end: float, step: float, deadline: float) -> list[Series]:
        times = [start + step * place for place in range(720)]
        return [Series({}, times, [0.5 + 0.02 * place / 24 / 2 for place in range(720)])]

    monkeypatch.setattr(plugin, "points", points)
    monkeypatch.setattr(prometheus, "plugin_of", lambda source: plugin)
    assert measure_all() == 0
    assert measure_all(timezone.now() + timedelta(hours=7)) == 1
    page = manager.get(f"{address}records/").content.decode()
    # 0.785 now (the middle of the last three days), a hundredth a day.
    assert "22 days until full" in page or "21 days until full" in page
    [row] = manager.get("/api/v1/capacities/").json()["results"]
    assert 21 <= row["days_until_full"] <= 22.5
    refused = manager.post(
        f"{address}capacity/{Capacity.objects.get().pk}/", given | {"limit": "0"}
    )
    assert refused.status_code == 422


def test_a_drill_is_recorded(web: Client, database: Service) -> None:
    address = f"/practice/services/{database.pk}/"
    web.post(f"{address}drills/new/", {"kind": "restore", "worked": "on", "notes": "All there"})
    assert "All there" in web.get(f"{address}records/").content.decode()
    refused = web.post(f"{address}drills/new/", {"kind": "nonsense"}, follow=True)
    assert "not one of the available choices" in refused.content.decode()


def test_the_map_shows_the_verdict_of_the_team_or_else_of_the_organisation(
    web: Client, checkout: Service
) -> None:
    practice = Practice.objects.get(name="Canary releases")
    address = f"/practice/map/{practice.pk}/"
    refused = web.post(address, {"word": "no"})
    assert "Give the reason: somebody will want to know it." in refused.content.decode()
    web.post(address, {"word": "not-now", "note": "No mesh yet", "review_on": "2026-01-01"})
    web.post(address, {"word": "adopted", "team": "Orders"})
    own = web.get("/practice/map/?team=Orders").content.decode()
    all_of_us = web.get("/practice/map/").content.decode()
    assert "✓ Canary releases" in own
    assert "◷ Canary releases ⟳" in all_of_us
    assert "Due for review" in all_of_us
    assert "No mesh yet" in all_of_us
    wrong = web.post(address, {"word": "no", "note": "x", "review_on": "soon"})
    assert "is not a date such as" in wrong.content.decode()


def test_the_default_map_and_the_tiers_explain_themselves(web: Client) -> None:
    roots = practice_map.map_of()
    assert len(roots) == 8
    assert all(leaf.practice.what for leaf in practice_map.leaves(roots))
    rules = web.get("/rules/").content.decode()
    assert "the flow that the business lives on" in rules
    assert "99.95 %" in rules


def test_a_name_that_nobody_catalogued_is_offered_until_it_is_added_or_ignored(
    admin_client: Client,
) -> None:
    record_unknown_services(["new-thing", "job-runner", "", "x" * 200, "new-thing"], "alerts")
    record_unknown_services(["New-Thing"], "alerts")
    seen = UnknownService.objects.get(name="new-thing")
    assert seen.times == 2
    page = admin_client.get("/services/").content.decode()
    assert "seen, not in the catalogue" in page
    assert "/services/new/?name=new-thing" in page
    form = admin_client.get("/services/new/?name=new-thing").content.decode()
    assert 'value="new-thing"' in form
    Service.objects.create(name="New-thing")
    ignored = UnknownService.objects.get(name="job-runner")
    admin_client.post(f"/services/seen/{ignored.pk}/ignore/")
    assert "seen, not in the catalogue" not in admin_client.get("/services/").content.decode()


MONTH = date(2026, 10, 1)


@pytest.fixture
def october(slo: Slo, user: User) -> Slo:
    """A month with two incidents, a cause, a spent budget, an overdue action and a noisy rule."""
    end = datetime(2026, 11, 1, tzinfo=UTC)
    count(slo, end, days=31)
    start = datetime(2026, 10, 9, 9, 0, tzinfo=UTC)
    fail(slo, start, 60)
    same: dict[str, Any] = {"services": [slo.service], "status": "resolved", "quiet": True}
    first = file_incident(
        title="checkout *down*", impact_started_at=start, detected_at=start,
        mitigated_at=start + timedelta(hours=1), resolved_at=start + timedelta(hours=1), **same,
    )  # fmt: skip
    file_incident(
        title="checkout slow", impact_started_at=start + timedelta(days=3),
        detected_at=start + timedelta(days=3),
        resolved_at=start + timedelta(days=3, hours=2), **same,
    )  # fmt: skip
    name_cause(first, "Missing index", author=user)
    postmortem = start_postmortem([first], user)
    add_action(postmortem, title="Add the index", due_on=date(2026, 10, 20), owner=user)
    for number in range(6):
        Alert.objects.create(
            source="t", fingerprint="f", name="HighCpu", service=slo.service, status="resolved",
            starts_at=start + timedelta(hours=number),
            ends_at=start + timedelta(hours=number, minutes=2),
        )  # fmt: skip
    return slo


def test_the_monthly_review_shows_the_month_on_one_page(
    october: Slo, web: Client, user: User
) -> None:
    found = monthly_review.build_review(user, MONTH)
    assert len(found.incidents) == 2
    assert found.minutes == pytest.approx(180)
    assert found.causes == [("Missing index", found.causes[0][1], 1, 60.0)]
    assert found.without_cause == 1
    [line] = found.slos
    assert line.budget.minutes == pytest.approx(44.64)
    assert line.budget.spent == pytest.approx(60)
    assert [action.title for action in found.overdue] == ["Add the index"]
    assert [(noise.name, noise.episodes, noise.short) for noise in found.noise] == [
        ("HighCpu", 6, 6)
    ]
    page = web.get("/practice/monthly/2026-10/").content.decode()
    for words in ("Reliability in October 2026", "Missing index", "Add the index", "HighCpu"):
        assert words in page
    of_service = web.get(f"/practice/monthly/2026-10/?service={october.service.pk}")
    assert "Reliability in October 2026: checkout" in of_service.content.decode()
    assert web.get("/practice/monthly/2026-13/").status_code == 302


def test_the_monthly_review_is_exported_as_markdown_that_stays_markdown(
    october: Slo, web: Client
) -> None:
    answer = web.get("/practice/monthly/2026-10/?as=md")
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/markdown")
    assert "# Reliability in October 2026: all services" in text
    assert r"checkout \*down\*](http" in text
    assert "\n\n\n" not in text


def test_the_monthly_review_is_mailed_once_to_each_subscriber(
    october: Slo, web: Client, user: User, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    user.email = "oncall@example.com"
    user.save()
    web.post("/practice/monthly/2026-10/", {"wanted": "yes"})
    assert monthly_review.send_due(date(2026, 11, 1)) == 1
    assert monthly_review.send_due(date(2026, 11, 2)) == 0
    [sent] = mail.outbox
    assert sent.subject == "Reliability in October 2026: all services"
    assert "Missing index" in str(sent.body)
    assert monthly_review.send_due(date(2026, 12, 1)) == 1
    web.post("/practice/monthly/2026-10/", {"wanted": "no"})
    assert not Subscription.objects.exists()


def test_a_mail_that_cannot_be_sent_is_tried_again(
    october: Slo, user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST = "mail.example"
    user.email = "oncall@example.com"
    user.save()
    monthly_review.subscribe(user, None, True)

    def away(self: Any) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMultiAlternatives.send", away)
        assert monthly_review.send_due(date(2026, 11, 1)) == 0
    assert monthly_review.send_due(date(2026, 11, 1)) == 1


def test_a_monthly_review_contains_no_private_incident_of_others(
    october: Slo, other: User, user: User
) -> None:
    start = datetime(2026, 10, 19, tzinfo=UTC)
    secret = file_incident(
        title="Zebra", services=[october.service], impact_started_at=start, detected_at=start,
        private=True, reporter=user, quiet=True,
    )  # fmt: skip
    name_cause(secret, "Zebra cause", author=user)
    assert "Zebra" in monthly_review.as_markdown(monthly_review.build_review(user, MONTH))
    assert "Zebra" not in monthly_review.as_markdown(monthly_review.build_review(other, MONTH))

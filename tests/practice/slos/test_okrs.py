"""Objectives that serve a key result: on form, page, API and in the monthly review."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.forms.models import model_to_dict
from django.test import Client

from practice import monthly_review
from practice.models import Slo
from practice.slos.okrs import progress_of

pytestmark = pytest.mark.django_db
OKR = {
    "okr_name": "Customers trust the checkout", "okr_quarter": "2026-Q3", "okr_target": "99.96",
}  # fmt: skip


def count_quarters(slo: Slo) -> None:
    """99.9 % are good in one quarter and 99.95 % in the next."""
    for day, bad in [(date(2026, 5, 2), 0.1), (date(2026, 8, 2), 0.05)]:
        slo.days.create(day=day, bad=[bad] * 288, total=[100.0] * 288)


def test_a_key_result_is_measured_against_the_quarter_before(
    slo: Slo, manager: Client, user: User
) -> None:
    count_quarters(slo)
    given = {name: value if value is not None else "" for name, value in model_to_dict(slo).items()}
    address = f"/practice/slos/{slo.pk}/"
    saved = manager.post(f"{address}edit/", {**given, "enabled": "on", **OKR}, follow=True)
    page = saved.content.decode()
    assert "Customers trust the checkout" in page
    assert "99.96 % in 2026-Q3" in page
    assert "99.950 % so far, 99.900 % before: 83% of the way" in page
    result: Any = manager.get(f"/api/v1/slos/{slo.pk}/okr/").json()
    assert (result["quarter"], result["target"], result["met"]) == ("2026-Q3", 99.96, False)
    assert result["progress"] == pytest.approx(5 / 6)
    slo.refresh_from_db()
    early = progress_of(slo, datetime(2026, 6, 1, tzinfo=UTC))
    assert early is not None
    assert early.good is None
    review = monthly_review.build_review(user, date(2026, 8, 1))
    text = monthly_review.as_markdown(review)
    assert "## Key results" in text
    assert "Customers trust the checkout" in text
    assert "83% of the way" in manager.get("/practice/monthly/2026-08/").content.decode()
    [line] = manager.get("/api/v1/monthly-reviews/2026-08/").json()["okrs"]
    assert line["good"] == pytest.approx(99.95)
    assert monthly_review.build_review(user, date(2026, 10, 1)).okrs == []


def test_half_a_key_result_and_an_odd_quarter_are_refused_by_field(
    slo: Slo, manager: Client
) -> None:
    address = f"/api/v1/slos/{slo.pk}/"
    assert manager.get(f"{address}okr/").status_code == 404

    def refused(**given: Any) -> set[str]:
        answer = manager.patch(address, given, content_type="application/json")
        assert answer.status_code == 400
        return set(answer.json()["errors"])

    assert refused(okr_name="Trust") == {"okr_quarter", "okr_target"}
    assert refused(okr_name="Trust", okr_quarter="Q4 2026", okr_target=99) == {"okr_quarter"}
    assert refused(okr_name="Trust", okr_quarter="2026-Q4", okr_target=101) == {"okr_target"}

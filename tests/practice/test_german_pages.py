"""Pages of the practice in German: what they show is translated, what they store is not."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from incidents.models import Change, Service
from people.acts import ACTS
from people.permissions import MANAGE_PEOPLE, refusal
from practice.core.changepoints import Shift
from practice.models import Slo
from practice.records.load_tests import MetricShift
from practice.slos.status import stored_status
from tests.practice.records.test_records import summary

GERMAN = {"Accept-Language": "de"}


@pytest.mark.django_db
def test_a_load_test_is_reported_to_a_german_reader_and_stored_in_english(
    checkout: Service, web: Client
) -> None:
    page = web.post(
        f"/practice/services/{checkout.pk}/load-tests/new/",
        {"tool": "k6", "release": "1.6", "scenario": "default", "content": summary(160)},
        headers=GERMAN,
        follow=True,
    ).content.decode()
    assert "Lasttest von 1.6" in page
    assert "Load test" not in page
    assert Change.objects.get(service=checkout).title == "Load test of 1.6"


@pytest.mark.django_db
def test_figures_are_told_in_the_language_of_who_reads_them(slo: Slo) -> None:
    slower = MetricShift("p95", Shift(100.0, 120.0, 0.2), worse=True)
    status = stored_status(slo, slo.created_at)
    assert slower.in_words == "95th percentile up by 20%"
    assert status.in_words == "nothing counted yet"
    with translation.override("de"):
        assert slower.in_words == "95. Perzentil um 20% höher"
        assert status.in_words == "noch nichts gezählt"
        assert slo.window_in_words == "28 Tage, gleitend"


def test_an_act_is_the_same_one_in_every_language() -> None:
    before = {act: act.name for act in ACTS.values()}
    with translation.override("de"):
        assert all(before[act] == act.name for act in ACTS.values())
        assert "Administrator kann sie zuweisen" in str(refusal(MANAGE_PEOPLE))

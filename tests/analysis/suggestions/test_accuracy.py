from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.suggestions.accuracy import scoreboard, store_shown
from analysis.suggestions.engine import suggest_for_incident
from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.causes.linking import link_cause, name_cause

pytestmark = pytest.mark.django_db


def show(incident: Incident, user: User) -> None:
    store_shown(incident, suggest_for_incident(incident, user))


def test_an_empty_scoreboard_invents_nothing(web: Client, user: User) -> None:
    assert scoreboard(user).all.minutes_with is None
    page = web.get("/analysis/scoreboard/").content.decode()
    assert "Nothing to count yet" in page
    assert "still too small to know" in page


def test_hits_and_refusals_are_counted_from_what_was_shown(
    web: Client, user: User, database: Service
) -> None:
    first = file_incident(title="orders-db cpu pegged", services=[database])
    show(first, user)
    name_cause(first, "Missing index", author=user)
    again = file_incident(title="orders-db cpu pegged", services=[database])
    web.get(f"/analysis/incidents/{again.pk}/suggestions/")
    name_cause(again, "Missing index", author=user)
    web.get(f"/analysis/incidents/{again.pk}/suggestions/")
    board = scoreboard(user)
    assert (board.all.answered, board.all.hits_at_1) == (2, 1)
    assert (board.all.refused, board.all.refused_rightly) == (1, 1)
    assert (board.all.incidents_with, board.all.incidents_without) == (1, 1)
    [service] = board.services
    assert (service.name, service.hits_at_1, service.answered) == ("orders-db", 1, 2)
    page = web.get("/analysis/scoreboard/").content.decode()
    assert "1 of 2" in page
    board = web.get("/api/v1/scoreboard/").json()
    assert board["all"]["hits_at_1"] == 1
    assert board["months"][0]["name"] == f"{timezone.now():%Y-%m}"


def test_an_incident_recorded_long_after_gives_no_minutes(user: User) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    old = file_incident(title="mail stuck", impact_started_at=long_ago, detected_at=long_ago)
    show(old, user)
    name_cause(old, "Queue full", author=user)
    assert scoreboard(user).all.incidents_without == 0


def test_private_incidents_of_others_are_not_counted(user: User, other: User) -> None:
    secret = file_incident(title="keys leaked", private=True, reporter=other)
    show(secret, other)
    name_cause(secret, "Key in a log", author=other)
    assert scoreboard(other).all.answered == 1
    assert scoreboard(user).all.answered == 0


def test_a_rejected_suggestion_is_no_hit(user: User) -> None:
    past = file_incident(title="mail stuck in queue")
    link = name_cause(past, "Queue full", author=user)
    fresh = file_incident(title="mail stuck in queue")
    show(fresh, user)
    link_cause(fresh, link.cause, state="rejected", author=user)
    name_cause(fresh, "Wrong relay", author=user)
    assert scoreboard(user).all.hits_at_5 == 0

"""A private incident shows nowhere to who may not see it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from analysis.suggestions.engine import suggest_for_text
from incidents.filing import add_note, file_incident
from incidents.models import Alert, Incident
from kb.causes.linking import name_cause

TITLE = "Zebra credential leak in vault"


@pytest.fixture
def secret(user: User) -> Incident:
    incident = file_incident(title=TITLE, reporter=user, private=True)
    add_note(incident, "zebra note")
    name_cause(incident, "Zebra token in a public bucket", author=user)
    Alert.objects.create(
        source="test 1", fingerprint="f", name="vault is open", incident=incident,
        starts_at=incident.impact_started_at,
    )  # fmt: skip
    return incident


@pytest.fixture
def stranger(client: Client, other: User) -> Client:
    client.force_login(other)
    return client


def test_a_stranger_sees_it_on_no_page_and_in_no_api(secret: Incident, stranger: Client) -> None:
    cause = secret.causes.get()
    addresses = {
        f"/INC-{secret.pk}/": 404,
        f"/INC-{secret.pk}/edit/": 404,
        f"/INC-{secret.pk}/timeline/": 404,
        f"/knowledge/incidents/{secret.pk}/causes/": 404,
        f"/knowledge/causes/{cause.pk}/": 404,
        f"/analysis/incidents/{secret.pk}/suggestions/": 404,
        f"/analysis/incidents/{secret.pk}/evidence/": 404,
        f"/api/v1/incidents/{secret.pk}/": 404,
        f"/api/v1/incidents/{secret.pk}/timeline/": 404,
        f"/api/v1/suggestions/{secret.pk}/": 404,
        f"/api/v1/causes/{cause.pk}/": 404,
        "/": 200,
        "/?q=zebra": 200,
        "/knowledge/causes/": 200,
        "/services/": 200,
        "/alerts/": 200,
        "/api/v1/alerts/": 200,
        "/analysis/match/?title=zebra+credential+leak": 200,
        "/api/v1/incidents/": 200,
        "/api/v1/causes/": 200,
        "/api/v1/cause-links/": 200,
        "/api/v1/evidence/": 200,
    }
    for address, status in addresses.items():
        answer = stranger.get(address)
        assert answer.status_code == status, address
        # What the stranger typed comes back in the search box; the incident's own words do not.
        assert "vault" not in answer.content.decode(), address
        assert "public bucket" not in answer.content.decode(), address


def test_a_stranger_can_change_nothing(secret: Incident, stranger: Client) -> None:
    for address in (f"/INC-{secret.pk}/status/", f"/INC-{secret.pk}/notes/"):
        assert stranger.post(address, {"status": "resolved", "text": "x"}).status_code == 404
    secret.refresh_from_db()
    assert secret.status == "investigating"


def test_suggestions_leave_it_out_for_strangers_only(
    secret: Incident, user: User, other: User
) -> None:
    assert suggest_for_text(TITLE, user).incidents[0].incident == secret
    found = suggest_for_text(TITLE, other)
    assert not found.incidents
    assert not found.causes


def test_viewers_and_those_allowed_all_can_see_it(
    secret: Incident, other: User, django_user_model: type[User]
) -> None:
    third = django_user_model.objects.create_user("third")
    secret.viewers.add(third)
    other.user_permissions.add(Permission.objects.get(codename="view_private_incident"))
    other = django_user_model.objects.get(pk=other.pk)
    for person in (third, other):
        assert suggest_for_text(TITLE, person).incidents[0].incident == secret

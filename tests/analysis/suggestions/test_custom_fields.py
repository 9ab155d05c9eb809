"""Custom fields that are marked so make incidents similar, and the reason names the field."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.suggestions import live_index
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from incidents.custom_field_definitions import save_field
from incidents.filing import edit_incident, file_incident
from incidents.models import CustomField, Incident
from people.membership import give_role
from people.models import Role
from tests.analysis.suggestions.test_written_by_people import found

pytestmark = pytest.mark.django_db
NAMES = "Globex Zaphod"


@pytest.fixture(autouse=True)
def no_file() -> Iterator[None]:
    live_index.index_file().unlink(missing_ok=True)
    yield
    live_index.index_file().unlink(missing_ok=True)


@pytest.fixture
def field(user: User) -> CustomField:
    give_role(user, Role.MANAGER)
    return save_field(CustomField(), user, name="customer", label="Customer", feeds_similarity=True)


@pytest.fixture
def past(field: CustomField, user: User) -> Incident:
    for title in ("Mail delayed for hours", "Search returns nothing", "Images do not load"):
        file_incident(title=title, symptom=f"{title}, say users of many shops since noon. " * 3)
    return file_incident(title="Shop shows an empty list", reporter=user)


def test_a_marked_field_makes_two_incidents_similar_and_the_reason_names_it(
    past: Incident, user: User
) -> None:
    now = file_incident(title="Payments time out", custom_fields={"customer": NAMES})
    assert past.pk not in found(suggest_for_incident(now, user))
    edit_incident(past, user, custom_fields={"customer": NAMES.lower()})
    reasons = dict(found(suggest_for_incident(now, user))[past.pk])
    assert reasons[NAMES] == "in the field Customer now, in the field Customer then"
    edit_incident(past, user, custom_fields={"customer": ""})
    assert past.pk not in found(suggest_for_incident(now, user))


def test_what_is_typed_into_a_marked_field_finds_past_incidents_before_it_is_filed(
    past: Incident, web: Client, user: User
) -> None:
    edit_incident(past, user, custom_fields={"customer": NAMES})
    path = "/analysis/match/?title=Payments+time+out"
    assert past.title not in web.get(path).content.decode()
    assert past.title in web.get(f"{path}&customer=globex+zaphod").content.decode()


def test_a_field_without_the_mark_does_not(past: Incident, field: CustomField, user: User) -> None:
    save_field(field, user, feeds_similarity=False)
    edit_incident(past, user, custom_fields={"customer": NAMES})
    now = file_incident(title="Payments time out", custom_fields={"customer": NAMES})
    assert past.pk not in found(suggest_for_incident(now, user))


def test_the_index_is_rewritten_when_a_mark_changes(
    past: Incident, field: CustomField, user: User
) -> None:
    edit_incident(past, user, custom_fields={"customer": NAMES})
    assert live_index.write_file()
    assert not live_index.write_file()
    assert past.pk in found(suggest_for_text("globex zaphod down", user))
    save_field(field, user, feeds_similarity=False)
    assert live_index.write_file(), "by the next run of the periodic task at the latest"
    live_index.live_index.clear()
    assert past.pk not in found(suggest_for_text("globex zaphod down", user))

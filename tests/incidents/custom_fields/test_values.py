"""Custom fields of incidents and services: what they accept, who learns of a change."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from incidents.catalogue.services import save_service
from incidents.custom_field_definitions import archive_field, save_field
from incidents.custom_fields.values import by_name, unset_to_resolve
from incidents.filing import edit_incident, file_incident, set_status
from incidents.merging import merge
from incidents.models import CustomField, FieldValue, Incident, Service
from people.audit import Origin, acting
from people.models import AuditEntry

pytestmark = pytest.mark.django_db
Fields = dict[str, CustomField]
GOOD = {
    "customer": "acme", "region": "eu west", "seats": "12.50", "ticket": "https://jira.example/1",
    "accountable": "@other",
}  # fmt: skip


def test_an_incident_is_filed_with_a_value_of_each_kind(
    fields: Fields, user: User, other: User
) -> None:
    incident = file_incident(title="Slow", reporter=user, custom_fields=GOOD)
    assert by_name(incident) == {
        "customer": "acme", "region": "EU West", "seats": 12.5,
        "ticket": "https://jira.example/1", "accountable": "other",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("seats", "many", "“many” is not a number such as 12 or 3.5."),
        ("seats", "1e40", "up to 14 digits"),
        ("seats", "NaN", "not a number"),
        ("seats", True, "Give a text or a number."),
        ("ticket", "javascript:alert(1)", "Begin it with https:// or http://."),
        ("ticket", "https://", "is not a link"),
        ("ticket", "http://[", "is not a link"),
        ("region", "Mars", "Choose one of EU West, US East."),
        ("accountable", "nobody", "Nobody signs in as “nobody”."),
        ("customer", "x" * 501, "Up to 500 characters."),
        ("colour", "red", "There is no such custom field of Incidents. Known: customer, region"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_the_cure(
    fields: Fields, incident: Incident, name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        edit_incident(incident, custom_fields={name: value, "customer": value})
    assert words in refused.value.message_dict[name][0]
    assert not FieldValue.objects.exists()


def test_a_change_is_on_the_timeline_and_in_the_audit_log(
    fields: Fields, incident: Incident, user: User, other: User
) -> None:
    with acting(Origin("page", user)):
        edit_incident(incident, user, custom_fields={"customer": "acme", "accountable": "other"})
        edit_incident(incident, user, custom_fields={"customer": "globex"})
        edit_incident(incident, user, custom_fields={"customer": "globex", "region": ""})
        edit_incident(incident, user, custom_fields={"customer": None})
    texts = list(incident.timeline.filter(kind="edit").values_list("text", flat=True))
    assert texts == [
        "Customer: – → acme\n\nAccountable: – → @other",
        "Customer: acme → globex",
        "Customer: globex → –",
    ]
    entries = AuditEntry.objects.filter(record_type="incidents.fieldvalue", event__contains="chang")
    assert [each.changes["text"] for each in entries] == [["acme", "globex"]]


def test_what_is_left_out_stays_and_a_needed_one_is_required_when_filing(
    fields: Fields, manager: User, user: User
) -> None:
    save_field(fields["customer"], manager, needed="filing")
    with pytest.raises(ValidationError, match="Enter “Customer”: it is needed"):
        file_incident(title="Slow", reporter=user, custom_fields={"seats": 2})
    incident = file_incident(title="Slow", reporter=user, custom_fields={"customer": "acme"})
    edit_incident(incident, user, custom_fields={"seats": 2})
    assert by_name(incident) == {"customer": "acme", "seats": 2}
    assert file_incident(title="From chat, which has no fields", reporter=user).pk


def test_people_resolve_only_with_the_fields_that_are_needed_and_alerts_anyway(
    fields: Fields, manager: User, incident: Incident, user: User
) -> None:
    save_field(fields["customer"], manager, needed_to_resolve=True)
    with pytest.raises(ValidationError) as refused:
        set_status(incident, "resolved", user, "Restarted")
    assert refused.value.message_dict == {
        "customer": ["Set “Customer” first: it is needed to resolve an incident."]
    }
    assert Incident.objects.get().is_open
    with pytest.raises(ValidationError, match="Set “Customer” first"):
        edit_incident(incident, user, status="resolved")
    now = timezone.now()
    past: dict[str, Any] = {"title": "Past", "status": "resolved", "resolved_at": now}
    with pytest.raises(ValidationError, match="Set “Customer” first"):
        file_incident(reporter=user, impact_started_at=now, custom_fields={}, **past)
    ended = set_status(incident, "resolved")
    assert [each.name for each in unset_to_resolve(ended)] == ["customer"]
    set_status(incident, "investigating", user)
    edit_incident(incident, user, custom_fields={"customer": "acme"}, status="resolved")
    assert not unset_to_resolve(incident)


def test_an_incident_is_merged_without_the_fields_that_are_needed(
    fields: Fields, manager: User, incident: Incident, user: User
) -> None:
    save_field(fields["customer"], manager, needed_to_resolve=True)
    merge(file_incident(title="The same"), incident, user)
    incident.refresh_from_db()
    assert not incident.is_open
    assert not unset_to_resolve(incident)


def test_archiving_hides_values_and_loses_none(
    fields: Fields, manager: User, incident: Incident
) -> None:
    edit_incident(incident, custom_fields={"customer": "acme", "region": "US East"})
    archive_field(fields["customer"], manager)
    assert by_name(incident) == {"region": "US East"}
    with pytest.raises(ValidationError, match="no such custom field"):
        edit_incident(incident, custom_fields={"customer": "globex"})
    archive_field(fields["customer"], manager, archived=False)
    assert by_name(incident)["customer"] == "acme"


def test_a_choice_that_was_removed_stays_where_it_was_chosen(
    fields: Fields, manager: User, incident: Incident
) -> None:
    edit_incident(incident, custom_fields={"region": "US East"})
    save_field(fields["region"], manager, choices=["EU West"])
    edit_incident(incident, custom_fields={"region": "US East", "customer": "acme"})
    assert by_name(incident) == {"customer": "acme", "region": "US East"}


def test_services_have_fields_of_their_own(manager: User) -> None:
    save_field(CustomField(), manager, name="cost", label="Cost", belongs_to="services",
               kind="number", needed="filing")  # fmt: skip
    with pytest.raises(ValidationError, match="Enter “Cost”"):
        save_service(Service(), manager, name="checkout", custom_fields={})
    service = save_service(Service(), manager, name="checkout", custom_fields={"cost": 3})
    save_service(service, manager, tier="core")
    assert by_name(service) == {"cost": 3}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"name": "Customer"}, "name"),
        ({"name": "severity"}, "name"),
        ({"name": "cause"}, "name"),
        ({"label": " "}, "label"),
        ({"kind": "choice"}, "choices"),
        ({"choices": ["a"]}, "choices"),
        ({"kind": "choice", "choices": "a"}, "choices"),
        ({"kind": "number", "feeds_similarity": True}, "feeds_similarity"),
        ({"belongs_to": "services", "feeds_similarity": True}, "feeds_similarity"),
        ({"belongs_to": "services", "needed_to_resolve": True}, "needed_to_resolve"),
    ],
)
def test_a_bad_definition_is_refused_by_field(
    manager: User, given: dict[str, Any], name: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        save_field(CustomField(), manager, **{"name": "customer_tier", "label": "Tier", **given})
    assert name in refused.value.message_dict


def test_name_and_kind_stay_once_there_are_values(
    fields: Fields, manager: User, incident: Incident
) -> None:
    save_field(fields["seats"], manager, kind="text")
    edit_incident(incident, custom_fields={"customer": "acme"})
    with pytest.raises(ValidationError, match="archive it and define another") as refused:
        save_field(fields["customer"], manager, name="client", kind="number")
    assert set(refused.value.message_dict) == {"name", "kind"}


def test_only_who_manages_them_defines_fields(user: User) -> None:
    with pytest.raises(PermissionDenied, match="manage custom fields"):
        save_field(CustomField(), user, name="customer", label="Customer")

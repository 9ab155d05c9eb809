"""What the index knows of an incident, read in two ways that must agree."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from analysis.models import Fingerprint
from analysis.suggestions.documents import (
    INCIDENT_FIELDS,
    document_of,
    prefetch_postmortems,
    read_incidents,
    with_features,
)
from incidents.filing import add_note, file_incident
from incidents.models import Alert, CustomField, FieldValue, Incident, Service
from kb.postmortems.editing import publish, start_postmortem

pytestmark = pytest.mark.django_db
ANNOTATIONS = (
    "templates", "metrics", "service_names", "alert_names", "notes", "custom_texts",
    "has_postmortem",
)  # fmt: skip


@pytest.fixture
def incidents(user: User) -> list[Incident]:
    """One with everything that a document is made of, one with nothing but a title."""
    services = [Service.objects.create(name=name) for name in ("orders-db", "checkout")]
    rich = file_incident(
        title="orders-db CPU at 95 %", symptom="5xx\nat checkout", services=services, reporter=user
    )
    for number, name in enumerate(("HighCpu", "HighCpu", "SlowQueries")):
        Alert.objects.create(
            name=name,
            fingerprint=f"f{number}",
            incident=rich,
            service=services[0],
            source="test",
            starts_at=rich.impact_started_at,
        )
    Fingerprint.objects.create(
        incident=rich, templates={"a1b2": "timeout after <*>"}, metrics={"cpu up": "cpu up"}
    )
    for text in ("Failover to the replica fixed it", "x" * 2_000):
        add_note(rich, text, user)
    for name, fed in (("customer", True), ("region", True), ("ticket", False)):
        custom = CustomField.objects.create(name=name, label=name, feeds_similarity=fed)
        FieldValue.objects.create(field=custom, incident=rich, text=f"of {name}\nand more")
    publish(start_postmortem([rich], user))
    return [rich, file_incident(title="Search returns nothing", private=True, quiet=True)]


def test_the_written_query_reads_what_the_orm_reads(incidents: list[Incident]) -> None:
    keys = [incident.pk for incident in incidents]
    by_orm = prefetch_postmortems(with_features(Incident.objects.filter(pk__in=keys)))
    by_query = read_incidents([*keys, 999_999])
    assert by_query.keys() == {row.pk for row in by_orm} == set(keys)
    for row in by_orm:
        same = by_query[row.pk]
        for name in INCIDENT_FIELDS:
            assert getattr(same, name) == getattr(row, name), name
        for name in ANNOTATIONS:
            one, other = getattr(same, name), getattr(row, name)
            if isinstance(other, list):
                one, other = sorted(one), sorted(other)
            assert one == other, name
        assert same.get_deferred_fields() == row.get_deferred_fields()
        assert document_of(same) == document_of(row)


def test_nothing_is_read_for_no_incidents(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(0):
        assert read_incidents([]) == {}

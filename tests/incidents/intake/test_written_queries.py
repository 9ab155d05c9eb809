"""Queries that are written for speed read what the ORM reads."""

from __future__ import annotations

import pytest

from incidents.intake.receiving import UnknownIntegration, find_integration
from incidents.models import Integration
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db


def test_the_written_query_reads_the_same_integration_as_the_orm() -> None:
    integration, secret = make("change", name="ci")
    Integration.objects.filter(pk=integration.pk).update(settings={"id_path": "a.b", "n": [1]})
    found, secrets = find_integration(integration.slug)
    expected = Integration.objects.get(pk=integration.pk)
    for field in Integration._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(expected, field.attname), field.name
    assert secrets == [row.text for row in expected.secrets.filter(revoked_at=None)]
    assert secret in secrets
    assert not found.get_deferred_fields()


def test_a_disabled_integration_and_one_without_a_valid_secret_are_unknown() -> None:
    integration, _ = make("change", name="ci")
    Integration.objects.filter(pk=integration.pk).update(enabled=False)
    with pytest.raises(UnknownIntegration):
        find_integration(integration.slug)
    Integration.objects.filter(pk=integration.pk).update(enabled=True)
    for row in integration.secrets.all():
        row.revoked_at = row.created_at
        row.save()
    with pytest.raises(UnknownIntegration):
        find_integration(integration.slug)

"""What is missing: services without a cause, causes without a check, postmortems that are due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.models import Service, TierPolicy
from kb.causes.linking import link_cause
from kb.models import Cause
from kb.postmortems.editing import publish, start_postmortem
from kb.reports import knowledge_gaps
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db


def test_services_and_causes_that_lack_something(
    web: Client, database: Service, cause: Cause, user: User
) -> None:
    row = past("One", database)
    assert [each.name for each in knowledge_gaps.services_without_cause(user)] == ["orders-db"]
    link_cause(row, cause, state="confirmed")
    assert not knowledge_gaps.services_without_cause(user).exists()
    assert list(knowledge_gaps.thin_causes(user)) == [cause]
    cause.how_to_fix = "Build it."
    cause.save()
    cause.checks.create(name="c", source="P", query="up", threshold=1)
    assert not knowledge_gaps.thin_causes(user).exists()


def test_postmortems_are_due_by_the_policy_of_the_tier(
    web: Client, database: Service, user: User
) -> None:
    TierPolicy.objects.filter(tier="core").update(postmortem_for="SEV1", postmortem_within=2)
    start = timezone.now() - timedelta(days=9)
    bad = past("Bad", database, days=9, severity="SEV1")
    past("Small", database, days=9, severity="SEV3")
    [due] = knowledge_gaps.postmortems_due(user)
    assert (due.incident, due.days) == (bad, (timezone.now() - start).days - 3)
    assert "Start writing" in web.get("/analysis/gaps/").content.decode()
    publish(start_postmortem([bad], user))
    assert knowledge_gaps.postmortems_due(user) == []

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.causes.linking import create_cause, link_cause
from kb.models import Cause, Postmortem
from kb.postmortems.editing import start_postmortem


@pytest.fixture
def cause(db: None) -> Cause:
    return create_cause(name="Index lost in the migration", category="deploy")


@pytest.fixture
def other_cause(db: None) -> Cause:
    return create_cause(name="Connection pool too small", category="capacity")


@pytest.fixture
def known(incident: Incident, cause: Cause, user: User) -> Incident:
    """An incident whose cause is confirmed."""
    link_cause(incident, cause, state="confirmed", author=user)
    return incident


@pytest.fixture
def postmortem(known: Incident, user: User) -> Postmortem:
    return start_postmortem([known], user)


def past(title: str, service: Service | None = None, days: float = 30, **fields: Any) -> Incident:
    """An incident of some days ago that took an hour."""
    start: datetime = timezone.now() - timedelta(days=days)
    given: dict[str, Any] = {
        "status": "resolved", "impact_started_at": start,
        "resolved_at": start + timedelta(hours=1), **fields,
    }  # fmt: skip
    return file_incident(title=title, services=[service] if service else [], **given)

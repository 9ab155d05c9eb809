"""Who may act reaches the record, who may not is refused: each way in, on a record that exists.

test_gate tries the table with a number that nothing has. Here is the positive control of its rows:
an answer that comes from the act itself.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models, transaction
from django.test import Client
from model_bakery import baker
from rest_framework.test import APIClient

from incidents.tokens import create_token
from people.membership import give_role
from people.models import LADDER, Role
from tests.people.test_gate import GUARDED, NO_RECORD, WayIn

pytestmark = pytest.mark.django_db
APPS = ("accounts", "people", "incidents", "kb", "analysis", "practice")
WITHOUT_ADDRESS = {
    "kb.LedTo", "analysis.ThinnedIncident", "incidents.FieldValue", "incidents.PushKey",
    "practice.SloDay",
}  # fmt: skip
"""Models that no address leads to, and whose rows hold more than any value of a column's type."""
VALUES: dict[str, dict[str, Any]] = {
    "analysis.Source": {"kind": "prometheus"},
    "analysis.Evidence": {"kind": "lines", "content": zlib.compress(b"[]")},
    "incidents.Integration": {"kind": "alertmanager"},
    "incidents.MaintenanceWindow": {"ends_at": datetime(2100, 1, 1, tzinfo=UTC)},
    "kb.Tracker": {"kind": "jira"},
    "kb.HistoryConnection": {"kind": "jira"},
    "kb.PublishTarget": {"kind": "notion"},
    "practice.CodeHost": {"kind": "github"},
    "kb.Workspace": {"kind": "slack"},
    "people.GroupRule": {"role": Role.VIEWER},
}
"""Of columns where not any value will do."""
FIELDS = {"cause": NO_RECORD, "into": NO_RECORD, "person": NO_RECORD, "target": NO_RECORD}
"""What a form must name before its act is reached."""
NOT_BY_ROLE = {
    "/INC-999999/timeline/999999/": "A note is changed by its author, or who moderates.",
    "/knowledge/postmortems/999999/review/": "A review is answered by who was asked for it.",
    "/rules/prometheus/999999/": "There are no rules of this kind.",
}
ON_A_RECORD = [
    way for way in GUARDED if str(NO_RECORD) in way.address and way.address not in NOT_BY_ROLE
]


@pytest.fixture
def records() -> None:
    """A row of every model, all of the same number."""
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if "istorical" not in model.__name__ and model._meta.label not in WITHOUT_ADDRESS:
                record(model)


def record(model: type[models.Model]) -> models.Model:
    existing = model._default_manager.filter(pk=NO_RECORD).first()
    if existing:
        return existing
    values: dict[str, Any] = {"pk": NO_RECORD, **VALUES.get(model._meta.label, {})}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and not field.null:
            values[field.name] = record(field.related_model)
    made: models.Model = baker.make(model, **values)
    return made


class Visitor:
    def __init__(self, role: Role) -> None:
        person = User.objects.create_user(f"a {role}")
        give_role(person, role)
        token, text = create_token(person, "all")
        type(token).objects.filter(pk=token.pk).update(scope="admin")
        self.web = Client(raise_request_exception=False)
        self.web.force_login(person)
        self.api = APIClient(raise_request_exception=False)
        self.api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")

    def status(self, way: WayIn) -> int:
        """Of a request that says next to nothing; what it changes does not last."""
        with transaction.atomic():
            if way.api:
                answer = getattr(self.api, way.method)(way.address, FIELDS, format="json")
            else:
                answer = self.web.post(way.address, FIELDS)
                if answer.status_code == 405:
                    answer = self.web.get(way.address)
            transaction.set_rollback(True)
        return int(answer.status_code)


def test_the_lowest_role_that_may_reaches_the_record_and_the_one_below_does_not(
    records: None,
) -> None:
    visitors = {role: Visitor(role) for role in LADDER}
    wrong = []
    for way in ON_A_RECORD:
        assert way.act is not None
        step = next(at for at, role in enumerate(LADDER) if way.act.allowed_to(role))
        below, lowest = visitors[LADDER[step - 1]].status(way), visitors[LADDER[step]].status(way)
        if below != 403 or lowest in (403, 404, 405) or lowest >= 500:
            wrong.append(f"{way.method} {way.address}, {way.act.name}: {below}, {lowest}")
    assert not wrong
    assert len(ON_A_RECORD) > 150

"""What is stored, how it grows and what becomes of it: page, API and command say the same."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.storage import forecast
from common.retention import KINDS
from incidents.models import Delivery
from incidents.tokens import create_token
from people.models import Role
from tests.accounts.conftest import Make
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db
PER_DAY, BODY = 20, 2000


@pytest.fixture
def deliveries(db: None) -> None:
    """Twenty a day for a month and three days, all with a body."""
    integration, _ = make("change")
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(
            integration=integration, sender_id=str(number), body=b"x" * BODY, state="done",
            received_at=now - timedelta(days=33) + timedelta(days=(number + 0.5) / PER_DAY),
        )
        for number in range(33 * PER_DAY)
    )  # fmt: skip


def of(name: str, rows: Any) -> Any:
    return next(row for row in rows if row["name"] == name)


@pytest.mark.parametrize("counted", [20_000, 10], ids=["small tables", "large tables"])
def test_growth_and_what_rules_leave_follow_from_the_rows_of_a_month(
    counted: int, deliveries: None, office: Client, office_api: APIClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forecast, "COUNTED_ROWS", counted)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incidents_delivery")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = office_api.get("/api/v1/storage/").json()
    assert len(queries) < 400
    assert max(float(query["time"]) for query in queries) < 0.5
    row = of("deliveries", found["kinds"])
    assert row["rows"] == 33 * PER_DAY
    per_row = row["bytes"] / row["rows"]
    assert row["bytes"] >= 100_000
    assert row["bytes_per_day"] == pytest.approx(PER_DAY * per_row, rel=0.02)
    assert row["bytes_steady"] == 30 * row["bytes_per_day"]
    assert of("incidents", found["kinds"])["bytes_steady"] is None
    assert found["bytes_per_year"] >= 365 * row["bytes_per_day"]
    assert found["database_bytes"] > row["bytes"]
    page = office.get("/storage/").content.decode()
    for kind in KINDS.values():
        assert kind.title.replace("'", "&#x27;") in page
    assert "a year</strong> come in" in page
    assert "Deleted 30 days after they arrived" in page
    out = StringIO()
    call_command("storage", stdout=out)
    [line] = [each for each in out.getvalue().splitlines() if each.startswith("deliveries ")]
    assert "660" in line


def test_the_command_applies_the_rules_now(deliveries: None, office: Client) -> None:
    out = StringIO()
    call_command("storage", apply=10, stdout=out)
    assert f"deliveries: {3 * PER_DAY} rows" in out.getvalue()
    assert Delivery.objects.count() == 30 * PER_DAY
    [row] = [each for each in forecast.storage().kinds if each.name == "deliveries"]
    assert row.applied_at
    assert "not yet" not in office.get("/storage/").content.decode()


def test_an_empty_database_forecasts_nothing(office: Client) -> None:
    found = forecast.storage()
    assert found.per_day >= 0
    assert found.days_left is None
    assert office.get("/storage/").status_code == 200


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.MANAGER, Role.AUDITOR], ids=str)
def test_only_administrators_see_it(role: Role | None, person: Make) -> None:
    ann: User = person("ann", role)
    web, api = Client(), APIClient()
    web.force_login(ann)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(ann, 'x')[1]}")
    assert web.get("/storage/").status_code == 403
    assert api.get("/api/v1/storage/").status_code == 403
    assert "/storage/" not in web.get("/").content.decode()


def test_free_space_is_shown_where_bin_up_runs_the_database(
    settings: Any, tmp_path: Any, office: Client
) -> None:
    settings.DATA_DIR = tmp_path
    assert forecast.storage().disk_free is None
    used = settings.DATABASES["default"]
    host, port = used["HOST"], used["PORT"]
    url = (
        f"postgresql://u@/db?host={host}&port={port}"
        if "/" in host
        else f"postgresql://u@{host}:{port}/db"
    )
    (tmp_path / "servers.json").write_text(f'{{"DATABASE_URL": "{url}"}}')
    free = forecast.storage().disk_free
    assert (free or 0) > 1_000_000
    (tmp_path / "servers.json").write_text('{"DATABASE_URL": "postgresql://u@other.example:1/db"}')
    assert forecast.storage().disk_free is None

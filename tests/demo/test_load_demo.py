"""`manage.py load_demo`: a history that one can try the product on, loaded once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from analysis.models import EvidenceRequest, Source
from demo.management.commands.demo_world import episodes_path
from demo.world.faults import Episodes
from demo.world.services import SERVICES
from incidents.models import Change, Incident, Service
from kb.models import ActionItem, Cause, CauseLink, Check, Fix, Postmortem
from practice.models import Capacity, Drill, Slo

pytestmark = pytest.mark.django_db
WORLD = "http://127.0.0.1:9911"
HISTORY = Path(__file__).resolve().parents[2] / "demo" / "history.toml"


@pytest.fixture(scope="module")
def said(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The demo, loaded once for all tests of this file; what the command said."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load()
        transaction.set_rollback(True)


def load(world: str = WORLD) -> str:
    out = StringIO()
    call_command("load_demo", world=world, stdout=out)
    return out.getvalue()


def test_every_line_of_the_history_becomes_an_incident(said: str) -> None:
    causes = tomllib.loads(HISTORY.read_text())["cause"]
    lines = [line for cause in causes for line in cause["incidents"].splitlines() if line.strip()]
    explained = Incident.objects.filter(causes__isnull=False).distinct()
    assert explained.count() == len(lines) >= 150
    assert Cause.objects.count() == len({cause["name"] for cause in causes})
    assert said == (
        f"Demo: {len(SERVICES)} services, {Cause.objects.count()} causes, "
        f"{len(lines)} past incidents.\n"
    )


def test_its_sources_follow_to_another_port_and_those_of_people_stay(said: str) -> None:
    with transaction.atomic():
        own = Source.objects.create(
            name="Ours", kind="prometheus", settings={"url": "http://127.0.0.1:9090"}
        )
        load("http://127.0.0.1:9922")
        moved = Source.objects.exclude(pk=own.pk).values_list("settings__url", flat=True)
        assert set(moved) == {"http://127.0.0.1:9922"}
        own.refresh_from_db()
        assert own.settings["url"] == "http://127.0.0.1:9090"
        load()
        transaction.set_rollback(True)


def test_loading_it_again_changes_nothing(said: str) -> None:
    before = (Incident.objects.count(), Service.objects.count(), Slo.objects.count())
    assert load() == "There are incidents or services already; the demo adds none.\n"
    assert before == (Incident.objects.count(), Service.objects.count(), Slo.objects.count())


def test_services_depend_on_what_they_call_in_the_world(said: str) -> None:
    for name, runs in SERVICES.items():
        service = Service.objects.get(name=name)
        assert service.kind == runs.kind
        assert service.owner_team
        assert {each.name for each in service.depends_on.all()} == set(runs.calls)
    assert Service.objects.get(name="checkout").tier == "core"


def test_all_incidents_are_over_and_their_times_are_in_order(said: str) -> None:
    for incident in Incident.objects.all():
        assert incident.status == "resolved"
        moments = [
            incident.impact_started_at, incident.detected_at, incident.acknowledged_at,
            incident.resolved_at,
        ]  # fmt: skip
        assert [at for at in moments if at] == sorted(at for at in moments if at), incident
        assert incident.resolved_at
        assert incident.resolved_at < timezone.now()
    start = Incident.objects.order_by("impact_started_at").first()
    assert start
    assert start.impact_started_at > timezone.now() - timedelta(days=405)


def test_each_kind_of_record_is_there_to_be_tried(said: str) -> None:
    for state in ("confirmed", "suspected"):
        assert CauseLink.objects.filter(state=state).exists()
    for model in (Change, Check, Fix, ActionItem, Capacity, Drill):
        assert model._default_manager.exists(), model
    assert Incident.objects.filter(causes=None).count() == 4
    assert not Postmortem.objects.exclude(state="published").exists()
    worst = Incident.objects.filter(severity="SEV1", causes__isnull=False).distinct()
    assert Postmortem.objects.count() == worst.count()
    assert set(Source.objects.values_list("kind", "settings__url")) == {
        ("prometheus", WORLD), ("loki", WORLD),
    }  # fmt: skip


def test_recent_incidents_have_their_fault_in_the_world_and_evidence_to_be_pulled(
    said: str,
) -> None:
    recent = timezone.now() - timedelta(days=40)
    planned = EvidenceRequest.objects.values_list("incident", flat=True).distinct()
    assert planned
    assert set(planned) == set(
        Incident.objects.filter(impact_started_at__gt=recent, causes__isnull=False).values_list(
            "pk", flat=True
        )
    )
    faults = {
        cause["name"] for cause in tomllib.loads(HISTORY.read_text())["cause"] if cause.get("fault")
    }
    world = Episodes(episodes_path())
    for incident in Incident.objects.filter(causes__name__in=faults, pk__in=planned):
        service = incident.services.get()
        at = incident.impact_started_at.timestamp()
        assert world.of(service.name, at, at), incident

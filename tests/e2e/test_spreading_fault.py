"""A fault that spreads from a database to its caller and on to the gateway, and its recovery.

Twenty minutes and more pass in a minute or two: between the steps, everything that is stored and
the fault of the demo world are moved into the past alike. Workers, beat, sources, the way of an
alert and the timer of the evidence are the product's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.db import OperationalError, models, transaction
from django.db.models import F
from playwright.sync_api import Browser, Page, expect

from analysis.evidence.origins import likely_origins
from analysis.models import Evidence, FollowUp
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from demo.seed.history import create_history, create_services, create_sources
from demo.world.faults import Episode, Episodes
from demo.world.server import make_server
from demo.world.telemetry import World
from incidents import filing
from incidents.models import Incident
from tests.e2e.conftest import free_port, save_screenshot, wait_for
from tests.e2e.test_main_job import sign_in
from tests.incidents.signed_requests import make

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.xdist_group("load")]
SPREADS_IN = 6
"""Minutes from a service to its callers."""
CAUSE = "Query without an index after a release"


class MovableEpisodes(Episodes):
    """Episodes that can be moved into the past."""

    moved = 0.0

    def of(self, service: str, start: float, end: float) -> list[Episode]:
        return [
            replace(each, start=each.start - self.moved, end=each.end and each.end - self.moved)
            for each in super().of(service, start + self.moved, end + self.moved)
        ]


@pytest.fixture
def episodes(tmp_path: Path) -> MovableEpisodes:
    return MovableEpisodes(tmp_path / "spreading.json")


@pytest.fixture
def address(episodes: MovableEpisodes) -> Iterator[str]:
    server = make_server(World(episodes), free_port())
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def move_into_the_past(minutes: float) -> None:
    """Every time in the database becomes so many minutes earlier, those inside evidence too."""
    for attempt in range(5):
        try:
            return _move_into_the_past(minutes)
        except OperationalError:
            # Workers lock these rows too, in another order: PostgreSQL ends one of the two.
            if attempt == 4:
                raise


@transaction.atomic
def _move_into_the_past(minutes: float) -> None:
    ago = timedelta(minutes=minutes)
    for label in ("incidents", "analysis", "kb"):
        for model in apps.get_app_config(label).get_models():
            names = [
                field.name
                for field in model._meta.concrete_fields
                if isinstance(field, models.DateTimeField)
            ]
            if names:
                model._default_manager.update(**{name: F(name) - ago for name in names})
    for evidence in Evidence.objects.filter(incident__follow_up__due_at__isnull=False):
        items = evidence.items()
        for item in items:
            if "times" in item:
                item["times"] = [at - ago.total_seconds() for at in item["times"]]
            else:
                item["at"] -= ago.total_seconds()
        evidence.freeze(items)
        evidence.save(update_fields=["content", "digest"])


class Story:
    """The steps of the fault, with the incident that its alerts open."""

    def __init__(self, hook: str, secret: str, episodes: MovableEpisodes) -> None:
        self.hook, self.secret, self.episodes = hook, secret, episodes
        self.alerts: dict[str, dict[str, Any]] = {}

    @property
    def incident(self) -> Incident:
        return Incident.objects.latest("pk")

    def pass_time(self, minutes: float) -> None:
        """So many minutes later everything that is due has been pulled."""
        self.wait_for_pulls()
        move_into_the_past(minutes)
        self.episodes.moved += 60 * minutes
        for alert in self.alerts.values():
            at = datetime.fromisoformat(alert["startsAt"]) - timedelta(minutes=minutes)
            alert["startsAt"] = at.isoformat()
        moved = datetime.now(UTC)
        wait_for(
            lambda: FollowUp.objects.filter(incident=self.incident, last_at__gte=moved).exists(),
            180, "The next pull",
        )  # fmt: skip
        self.wait_for_pulls()

    def wait_for_pulls(self) -> None:
        requests = self.incident.evidence_requests
        finished = ("done", "failed")
        wait_for(
            lambda: requests.exists() and not requests.exclude(state__in=finished).exists(),
            400, "The end of the pulls",
        )  # fmt: skip

    def alert(self, name: str, service: str, summary: str) -> None:
        self.alerts[name] = {
            "status": "firing",
            "labels": {"alertname": name, "service": service, "severity": "critical"},
            "annotations": {"summary": summary},
            "startsAt": datetime.now(UTC).isoformat(),
            "fingerprint": name,
        }
        self._send()
        wait_for(
            lambda: Incident.objects.filter(alerts__name=name, follow_up__isnull=False).exists(),
            120, f"An incident with {name}",
        )  # fmt: skip

    def alerts_end(self) -> None:
        for alert in self.alerts.values():
            alert |= {"status": "resolved", "endsAt": datetime.now(UTC).isoformat()}
        self._send()
        firing = self.incident.alerts.filter(status="firing")
        wait_for(lambda: not firing.exists(), 60, "The end of the alerts")

    def _send(self) -> None:
        alerts = list(self.alerts.values())
        body = {"version": "4", "groupKey": "{cluster=shop}", "status": "firing", "alerts": alerts}
        headers = {"Authorization": f"Bearer {self.secret}"}
        answer = httpx.post(self.hook, json=body, headers=headers, timeout=20, trust_env=False)
        assert answer.status_code < 300, answer.text

    def joined(self, service: str) -> None:
        """Evidence of a service that joined arrives with nobody's help."""
        pulled = FollowUp.objects.filter(incident=self.incident, seen__services__contains=service)
        wait_for(pulled.exists, 180, f"A pull because {service} joined")
        self.wait_for_pulls()


def evidence_of(incident: Incident, service: str, what: str) -> Evidence:
    return Evidence.objects.get(incident=incident, service__name=service, what=what)


def first_cause(incident: Incident, user: Any) -> str:
    found = suggest_for_incident(incident, user)
    return found.causes[0].cause.name if found.causes and not found.nothing_alike else ""


def show(page: Page, address: str, incident: Incident) -> None:
    page.goto(f"{address}{incident.get_absolute_url()}")
    expect(page.locator("#evidence .story").first).to_be_visible(timeout=20_000)
    expect(page.locator("#suggestions .causes")).to_be_visible(timeout=20_000)


def test_a_fault_that_spreads_is_followed_to_its_recovery(
    episodes: MovableEpisodes, address: str, working: None,
    browser: Browser, live_server: Any, django_user_model: Any,
) -> None:  # fmt: skip
    services = create_services()
    create_sources(address)
    create_history(services)
    integration, secret = make("alertmanager")
    story = Story(f"{live_server.url}/hooks/{integration.slug}/", secret, episodes)
    page = sign_in(browser, live_server.url, django_user_model)
    user = django_user_model.objects.get(username="oncall")

    # Three minutes into the fault its database alerts, in words that say little.
    start = time.time() - 180
    episodes.add(Episode("catalog-db", "cpu-spike", start, delay=60 * SPREADS_IN))
    story.alert("PgSlow", "catalog-db", "catalog-db: sessions pile up, database slow")
    incident = story.incident
    found = suggest_for_text(
        incident.title, user, symptom=incident.symptom, services=incident.services.all()
    )
    assert found.causes[0].cause.name == "Connections leaked by a code path that never closes them"
    story.wait_for_pulls()
    assert evidence_of(incident, "catalog-db", "cpu").findings.exists()
    assert not evidence_of(incident, "catalog", "latency p99").findings.exists()
    wait_for(lambda: first_cause(incident, user) == CAUSE, 60, "The cause that evidence speaks for")

    # The caller suffers minutes later, the gateway after as many more.
    story.pass_time(SPREADS_IN + 1)
    story.alert("LatencyHigh", "catalog", "catalog answers slowly")
    story.joined("catalog")
    assert evidence_of(incident, "catalog", "latency p99").findings.exists()
    assert not evidence_of(incident, "api-gateway", "latency p99").findings.exists()
    story.pass_time(SPREADS_IN)
    story.alert("LatencyHigh gateway", "api-gateway", "api-gateway answers slowly")
    story.joined("api-gateway")
    assert evidence_of(incident, "api-gateway", "latency p99").findings.exists()
    wait_for(lambda: first_cause(incident, user) == CAUSE, 60, "The cause that evidence speaks for")
    assert likely_origins(incident).suspects[0].service == "catalog-db"
    show(page, live_server.url, incident)
    expect(page.locator("#evidence .story .tag.good").first).to_have_text("just found")
    save_screenshot(page, "spreading-fault")

    # The index is built; the recovery spreads as the fault did.
    episodes.end_all(time.time() + episodes.moved)
    filing.set_status(story.incident, "mitigated")
    story.pass_time(2 * SPREADS_IN + 4)
    story.alerts_end()
    filing.set_status(story.incident, "resolved", resolution="Index on product_attributes(sku)")
    story.pass_time(12)

    assert FollowUp.objects.get(incident=incident).due_at is None
    ended = Incident.objects.get(pk=incident.pk).resolved_at
    assert ended
    for service in ("catalog-db", "catalog", "api-gateway"):
        what = "cpu" if service == "catalog-db" else "latency p99"
        evidence = evidence_of(incident, service, what)
        [item] = evidence.items()
        values = item["values"]
        assert abs(evidence.window_end - ended - timedelta(minutes=10)) < timedelta(seconds=1)
        assert item["times"] == sorted(set(item["times"]))
        usual, peak = sorted(values[:400])[200], max(values)
        # The whole curve: up, and down again.
        assert peak > 1.8 * usual
        assert values[-1] < usual + 0.2 * (peak - usual)
        assert evidence.findings.exists()
    show(page, live_server.url, incident)
    expect(page.locator("#evidence svg .mark.ended").first).to_be_attached()
    save_screenshot(page, "spreading-fault-recovered")

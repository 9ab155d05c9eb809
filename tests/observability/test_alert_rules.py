"""The shipped alert rules and dashboard use what /metrics serves, and fire when it is ill."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db.models import F
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from analysis.models import Source
from analysis.suggestions.live_index import write_file
from common import counting, process_cache
from incidents.models import Delivery, Event, Incident, ScheduledRun
from incidents.tokens import create_token
from tests.conftest import tool
from tests.incidents.signed_requests import make
from tests.observability.conftest import Samples

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "causebook.json"
RUNBOOK = (ROOT / "docs" / "observability.md").read_text()
ALERTS = {each["alert"]: each for each in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}


def panels() -> list[dict[str, Any]]:
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    return [*(each["expr"] for each in ALERTS.values()), *shown]


@pytest.fixture
def served(scrape: Callable[[], Samples], running: None, incident: Incident) -> set[str]:
    """Names of what is served, of which each that is counted was counted once."""
    write_file()
    for declared in counting.DECLARED.values():
        labels = ["x" for _ in declared.labels]
        if isinstance(declared, counting.Durations):
            declared.observe(0.2, *labels)
        else:
            declared.add(*labels)
    scrape()
    return {name for name, *_ in scrape()}


def test_rules_and_dashboard_use_only_what_is_served(served: set[str]) -> None:
    used = {name for text in expressions() for name in re.findall(r"causebook_\w+", text)}
    assert len(used) > 20
    assert used - served == set()


def test_promtool_accepts_the_rules_and_their_own_tests() -> None:
    for command in (["check", "rules", str(RULES)], ["test", "rules", "rules.test.yml"]):
        done = subprocess.run(
            [tool("promtool"), *command], cwd=RULES.parent, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    shown = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    rules = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "5m")}
        for number, text in enumerate(shown)
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        [tool("promtool"), "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_each_alert_has_a_severity_and_an_entry_in_the_runbook(alert: str) -> None:
    assert ALERTS[alert]["labels"]["severity"] in ("critical", "high", "warning")
    anchor = f"docs/observability.md#{alert.lower()}"
    assert ALERTS[alert]["annotations"]["runbook"] == anchor
    assert f"\n### {alert}\n" in RUNBOOK


def make_ill() -> None:
    old = timezone.now() - timedelta(minutes=30)
    integration, _ = make("alertmanager")
    Delivery.objects.create(integration=integration, sender_id="a", body=b"{}", received_at=old)
    Event.objects.update(planned_at=None, at=old)
    Source.objects.create(
        name="p", kind="prometheus", settings={}, failures=3, resting_until=timezone.now()
    )
    ScheduledRun.objects.update(last_at=F("last_at") - timedelta(minutes=9))


FIRES = {
    "CausebookBeatSilent", "CausebookWorkersSilent", "CausebookDeliveriesWait",
    "CausebookNotificationsWait", "CausebookSourceFails",
}  # fmt: skip


def test_rules_fire_on_what_an_ill_product_serves_and_not_on_what_a_well_one_does(
    api_text: Callable[[], str], running: None, incident: Incident, tmp_path: Path
) -> None:
    Event.objects.update(planned_at=timezone.now())
    well = api_text()
    make_ill()
    assert firing(well, tmp_path) == set()
    assert firing(api_text(), tmp_path) == FIRES


@pytest.fixture
def api_text(client: Client, user: Any) -> Callable[[], str]:
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, 'p', 'read')[1]}")

    def read() -> str:
        process_cache.clear_all()
        return api.get("/metrics").content.decode()

    return read


def firing(text: str, folder: Path) -> set[str]:
    """The alerts that fire after an hour of these figures, as promtool says."""
    series = [
        {"series": _with_job(labels), "values": f"{_number(value)}x60"}
        for labels, _, value in (line.rpartition(" ") for line in text.splitlines())
        if not labels.startswith("#")
    ]
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                # None is expected, so that promtool names those that fire.
                "alert_rule_test": [
                    {"eval_time": "1h", "alertname": name, "exp_alerts": []} for name in ALERTS
                ],
            }
        ],
    }
    path = folder / "test.yml"
    path.write_text(yaml.safe_dump(test))
    done = subprocess.run(
        [tool("promtool"), "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert "alertname" in said or done.returncode == 0, said
    return set(re.findall(r"alertname: (\w+)", said))


def _with_job(labels: str) -> str:
    name, _, rest = labels.partition("{")
    return f'{name}{{job="causebook",instance="web",{rest or "}"}'


def _number(value: str) -> str:
    return {"+Inf": "Inf", "NaN": "NaN"}.get(value, f"{float(value):f}")

"""Faults recorded elsewhere, replayed by a real Prometheus: when did it begin?"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from analysis.models import Evidence, Finding, Source
from incidents.filing import file_incident
from incidents.models import Incident, Service
from tests.conftest import data
from tests.e2e.conftest import wait_for

pytestmark = pytest.mark.e2e

# set | case | metric as recorded | its name in Prometheus | seconds between samples
RECORDED = [
    ("onlineboutique", "2022-08-22-0436", "CpuUsageRate(%)", "cpu_usage", 60),
    ("onlineboutique", "2022-08-22-0535", "CpuUsageRate(%)", "cpu_usage", 60),
    ("onlineboutique", "2022-08-22-0601", "PodServerLatencyP95(s)", "latency_p95", 60),
    ("onlineboutique", "2022-08-22-0726", "PodServerLatencyP95(s)", "latency_p95", 60),
    ("petshop", "high_traffic-test-issue_3", "latency_p99", "latency_p99", 300),
    ("petshop", "low_traffic-test-issue_2", "latency_Average", "latency_mean", 300),
]


def samples(folder: Path, column: str) -> list[tuple[str, str]]:
    """(time, value) of one column of a recorded case, as text."""
    with gzip.open(folder / "metrics.csv.gz", "rt") as file:
        return [(row["time"], row[column]) for row in csv.DictReader(file) if row[column]]


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, dict[str, dict[str, Any]]]:
    """All cases as one OpenMetrics file, and by the service's name what is known of its fault."""
    families: dict[str, list[str]] = {}
    known: dict[str, dict[str, Any]] = {}
    for number, (of_set, case, column, family, step) in enumerate(RECORDED):
        folder = data(f"telemetry/{of_set}/{case}")
        details = json.loads((folder / "case.json").read_text())
        service = details["root_cause"]["service"]
        name = f"case-{number}"
        known[name] = {"at": details["at"], "step": step, "metric": family}
        families.setdefault(family, []).extend(
            f'{family}{{service="{name}"}} {value} {float(at):.0f}'
            for at, value in samples(folder, f"{service}|{column}")
        )
    lines = [
        line for family, rows in families.items() for line in (f"# TYPE {family} gauge", *rows)
    ]
    path = tmp_path / "recorded.om"
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return path, known


def _all_done(incident: Incident) -> bool:
    wanted = incident.evidence_requests
    return wanted.exists() and not wanted.exclude(state="done").exists()


def test_onset_of_recorded_faults_is_found_within_two_samples(
    transactional_db: None,
    recorded: tuple[Path, dict[str, dict[str, Any]]],
    replay: Callable[[Path], str],
    working: None,
) -> None:
    path, known = recorded
    metrics = sorted({details["metric"] for details in known.values()})
    templates = "\n".join(f"any | {m} | | {m}{{$selector}}" for m in metrics)
    settings = {"url": replay(path), "templates": templates}
    Source.objects.create(name="Prometheus", kind="prometheus", settings=settings)
    incidents = {
        name: file_incident(
            title="something is slow",
            services=[Service.objects.create(name=name, kind="http")],
            # People notice late: 1 to 6 minutes after it began.
            impact_started_at=datetime.fromtimestamp(details["at"], UTC)
            + timedelta(minutes=1 + 5 * number / len(known)),
        )
        for number, (name, details) in enumerate(known.items())
    }
    for name, incident in incidents.items():
        wait_for(partial(_all_done, incident), 60, f"Evidence of {name}")
    late = {}
    for name, incident in incidents.items():
        found = Finding.objects.get(incident=incident, evidence__what=known[name]["metric"])
        assert found.onset
        late[name] = (found.onset.timestamp() - known[name]["at"]) / known[name]["step"]
    assert max(abs(samples) for samples in late.values()) <= 2, late
    assert Evidence.objects.filter(kind="series").count() == len(known) * len(metrics)

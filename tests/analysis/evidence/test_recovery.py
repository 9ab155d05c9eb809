"""When an incident began and ended by its evidence and its alerts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from analysis.evidence.recovery import earlier_start, probable_end
from analysis.models import Evidence, EvidenceRequest, Finding, Source
from incidents import filing
from incidents.models import Alert, Incident

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def running(incident: Incident) -> Incident:
    return filing.edit_incident(incident, impact_started_at=NOW - timedelta(hours=1))


def curve(incident: Incident, values: list[float], name: str = "cpu") -> Finding:
    """A series of a sample a minute that ends now, and that left its normal range of 0 to 1."""
    source, _ = Source.objects.get_or_create(name="p", kind="prometheus")
    window = {"window_start": NOW - timedelta(hours=2), "window_end": NOW}
    request = EvidenceRequest.objects.create(
        incident=incident, source=source, what=name, query=name, **window
    )
    evidence = Evidence(
        incident=incident, request=request, kind=Evidence.Kind.SERIES, what=name, query=name,
        source_name="p", taken_at=NOW, **window,
    )  # fmt: skip
    start = NOW.timestamp() - 60 * (len(values) - 1)
    times = [start + 60 * at for at in range(len(values))]
    evidence.freeze([{"times": times, "values": values, "labels": {}}])
    evidence.save()
    broke = next(at for at, value in zip(times, values, strict=True) if value > 1)
    return Finding.objects.create(
        incident=incident, evidence=evidence, kind=Finding.Kind.LEFT_NORMAL, text=f"{name} rose",
        onset=datetime.fromtimestamp(broke, NOW.tzinfo), score=5.0, term=f"{name} up",
        data={"low": 0.0, "high": 1.0, "extreme": 9.0},
    )  # fmt: skip


def alert(incident: Incident, number: int, ended: datetime | None) -> None:
    Alert.objects.create(
        incident=incident, source="s", fingerprint=str(number), name="A",
        starts_at=NOW - timedelta(hours=3),
        status="resolved" if ended else "firing", ends_at=ended,
    )  # fmt: skip


def test_the_end_is_when_the_last_curve_was_normal_again(running: Incident) -> None:
    curve(running, [0.5] * 10 + [9.0] * 20 + [0.5] * 10)
    curve(running, [0.5] * 10 + [9.0] * 25 + [0.5] * 5, "errors")
    end = probable_end(running)
    assert end is not None
    assert end.at == NOW - timedelta(minutes=4)
    assert "normal range" in end.because


def test_a_curve_that_is_not_normal_yet_offers_no_end(running: Incident) -> None:
    curve(running, [0.5] * 10 + [9.0] * 20 + [0.5] * 10)
    curve(running, [0.5] * 10 + [9.0] * 30, "errors")
    assert probable_end(running) is None


def test_one_normal_sample_at_the_end_is_no_recovery(running: Incident) -> None:
    curve(running, [0.5] * 10 + [9.0] * 29 + [0.5])
    assert probable_end(running) is None


def test_without_curves_the_last_alert_says_when_it_ended(running: Incident) -> None:
    assert probable_end(running) is None
    alert(running, 1, NOW - timedelta(minutes=20))
    alert(running, 2, NOW - timedelta(minutes=10))
    end = probable_end(running)
    assert end is not None
    assert end.at == NOW - timedelta(minutes=10)
    alert(running, 3, None)
    assert probable_end(running) is None, "one still fires"


def test_an_end_before_the_start_is_not_offered(incident: Incident) -> None:
    alert(incident, 1, incident.impact_started_at - timedelta(minutes=5))
    assert probable_end(incident) is None


def test_an_earlier_symptom_offers_an_earlier_start(running: Incident) -> None:
    assert earlier_start(running) is None
    first = curve(running, [0.5] * 10 + [9.0] * 80)
    offered = earlier_start(running)
    assert offered is not None
    assert (offered.at, offered.because) == (first.onset, "cpu rose")

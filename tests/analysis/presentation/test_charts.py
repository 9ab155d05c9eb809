"""Charts, then against now, and the normal range of the same hours."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.core.onset import departure
from analysis.evidence.baseline import usual_range
from analysis.models import Evidence, EvidenceRequest, Source
from analysis.presentation.charts import as_png, draw, standalone
from analysis.presentation.evidence_chart import incident_marks
from common.markdown import render_markdown
from incidents.filing import file_incident
from incidents.models import Alert, Change, Incident, Service

TIMES = np.arange(0.0, 14_400.0, 60.0)


def daily_job(times: Any) -> Any:
    """A level of 10 with a job that takes it to 80 for half an hour, as every day."""
    wave = 10 + np.sin(times / 60)
    return np.where((times > 12_000) & (times < 13_800), 80.0, wave)


def test_what_happens_at_this_hour_every_day_is_no_departure() -> None:
    values = daily_job(TIMES)
    assert departure(TIMES, values, 12_100) is not None
    usual = usual_range(TIMES.tolist(), [values.tolist(), (values + 0.5).tolist()])
    assert departure(TIMES, values, 12_100, usual=usual) is None


def test_one_bad_day_before_does_not_excuse_today() -> None:
    values = daily_job(TIMES)
    calm = np.full(len(TIMES), 10.0)
    usual = usual_range(TIMES.tolist(), [values.tolist(), calm.tolist()])
    assert departure(TIMES, values, 12_100, usual=usual) is not None


def series(incident: Incident, service: Service, what: str = "cpu") -> Evidence:
    source, _ = Source.objects.get_or_create(name="m", kind="prometheus")
    start = incident.impact_started_at - timedelta(hours=3)
    window = {"window_start": start, "window_end": start + timedelta(hours=4)}
    request = EvidenceRequest.objects.create(
        incident=incident, source=source, service=service, what=what, query="x", **window
    )
    evidence = Evidence(
        incident=incident, request=request, service=service, kind="series", what=what,
        source_name="m", query="x", **window,
    )  # fmt: skip
    at = (TIMES + start.timestamp()).tolist()
    evidence.freeze([{"labels": {}, "times": at, "values": daily_job(TIMES).tolist()}])
    evidence.save()
    return evidence


@pytest.mark.django_db
def test_then_against_now_lays_both_from_the_start_of_impact(
    incident: Incident, database: Service, web: Client
) -> None:
    past = file_incident(title="orders-db CPU", services=[database])
    past.impact_started_at = timezone.now() - timedelta(days=30)
    past.save()
    series(incident, database)
    series(past, database)
    page = web.get(f"/analysis/incidents/{incident.pk}/beside/{past.pk}/").content.decode()
    assert page.count("<polyline") == 2
    assert "series then" in page
    assert "-60 min" in page or "-120 min" in page


@pytest.mark.django_db
def test_nothing_to_compare_says_whose_evidence_is_missing(
    incident: Incident, database: Service, web: Client
) -> None:
    past = file_incident(title="long ago")
    page = web.get(f"/analysis/incidents/{incident.pk}/beside/{past.pk}/").content.decode()
    assert f"{past.reference} has none stored" in page


@pytest.mark.django_db
def test_a_chart_is_a_picture_for_those_who_may_see_the_incident(
    incident: Incident, database: Service, web: Client, other: User
) -> None:
    evidence = series(incident, database)
    png = web.get(f"/analysis/evidence/{evidence.pk}/chart.png")
    assert png.content.startswith(b"\x89PNG")
    svg = web.get(f"/analysis/evidence/{evidence.pk}/chart.svg").content.decode()
    assert svg.startswith("<svg xmlns=")
    assert "</svg>" in svg
    Incident.objects.filter(pk=incident.pk).update(private=True)
    web.force_login(other)
    assert web.get(f"/analysis/evidence/{evidence.pk}/chart.png").status_code == 404


def test_a_curve_says_its_times_and_values_in_words() -> None:
    drawing = draw([([600.0, 660.0, 720.0], [0.02, 0.03, 0.5])], "ratio", "errors")
    assert 'data-times="600 60 60"' in drawing
    assert 'data-values="2 %|3 %|50 %"' in drawing
    assert "data-name" not in drawing
    two = [([0.0, 60.0], [1.0, 2.0]), ([], []), ([0.0, 60.0], [3.0, 4.0])]
    drawing = draw(two, "", "pods", names=["a<b", "nothing", "c"])
    assert re.findall('data-name="([^"]*)"', drawing) == ["a&lt;b", "c"]


def test_the_time_axis_is_on_the_clock_of_the_reader() -> None:
    # Kathmandu is 5 h 45 min ahead: its full hours are not those of UTC.
    times = np.arange(0, 14_400, 60.0).tolist()
    with timezone.override("Asia/Kathmandu"):
        drawing = draw([(times, times)], "", "cpu")
    assert re.findall(r">(\d\d:\d\d)<", drawing) == ["06:00", "07:00", "08:00", "09:00"]


def test_a_time_that_the_edge_would_cut_is_left_out() -> None:
    times = np.arange(0, 14_520, 60.0).tolist()
    drawing = draw([(times, times)], "", "cpu")
    assert re.findall(r">(\d\d:\d\d)<", drawing) == ["01:00", "02:00", "03:00"]


@pytest.mark.django_db
def test_alerts_and_changes_are_marks_with_names(incident: Incident, database: Service) -> None:
    at = incident.impact_started_at
    Change.objects.create(service=database, title="orders-db 5.1", started_at=at)
    Alert.objects.create(
        source="am", fingerprint="1", name="HighCPU", starts_at=at, incident=incident
    )
    marks = {(mark.kind, mark.label) for mark in incident_marks(incident)}
    assert {("alert", "Alert: HighCPU"), ("change", "Deploy: orders-db 5.1")} <= marks


def test_hostile_titles_stay_text_in_a_picture() -> None:
    drawing = standalone("", "<script>x</script> & more")
    assert "<script>" not in drawing
    assert as_png(drawing).startswith(b"\x89PNG")


def test_a_cited_chart_is_a_picture_in_a_postmortem_and_a_foreign_one_is_not() -> None:
    assert "<img" in render_markdown("![cpu](/analysis/evidence/13/chart.png)")
    assert "<img" not in render_markdown("![cpu](https://other.example/chart.png)")

"""The log lines of a past incident beside those of now, on the compare page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.models import Evidence, EvidenceRequest, Source
from incidents.filing import file_incident
from incidents.models import Incident, Service


def log_of(incident: Incident, service: Service, *unusual: str, kind: str = "loki") -> Evidence:
    """An hour of ordinary lines before the impact, and the unusual ones after it."""
    source, _ = Source.objects.get_or_create(name=kind, kind=kind)
    impact = incident.impact_started_at
    window = {"window_start": impact - timedelta(hours=1), "window_end": impact}
    request = EvidenceRequest.objects.create(
        incident=incident, source=source, service=service, what="log", query="x", **window
    )
    evidence = Evidence(
        incident=incident, request=request, service=service, kind="lines", what="log",
        source_name=source.name, query="x", **window,
    )  # fmt: skip
    at = impact.timestamp()
    lines = [(at - 3600 + 10 * number, f"served {number} in 12 ms") for number in range(400)]
    lines += [(at + number, text) for text in unusual for number in range(5)]
    evidence.freeze([{"at": when, "text": text, "labels": {}} for when, text in lines])
    evidence.save()
    return evidence


def past_incident(service: Service) -> Incident:
    past = file_incident(title="orders-db is slow", services=[service])
    past.impact_started_at -= timedelta(days=30)
    past.save()
    return past


@pytest.mark.django_db
def test_lines_of_both_of_now_and_of_then_are_listed_with_their_counts(
    incident: Incident, database: Service, web: Client
) -> None:
    past = past_incident(database)
    log_of(incident, database, "deadlock detected in 12 ms", "<b>cache</b> evicted 9")
    log_of(past, database, "deadlock detected in 77 ms", "replica lag 400")
    page = web.get(f"/analysis/incidents/{incident.pk}/beside/{past.pk}/").content.decode()
    both, now, then = page.split('<section class="card">')[1:4]
    assert "<h2>In both" in both
    assert "deadlock detected in 12 ms" in both.partition("<details")[0]
    assert '<span class="tag warn">new</span>' in both
    assert "5×" in both
    assert "served" in both.partition("<details")[2]
    assert f"Only now, in {incident.reference}" in now
    assert "&lt;b&gt;cache&lt;/b&gt; evicted 9" in now
    assert f"Only then, in {past.reference}" in then
    assert "replica lag 400" in then


@pytest.mark.django_db
def test_a_past_incident_that_may_not_be_seen_is_not_compared(
    incident: Incident, database: Service, web: Client, other: User
) -> None:
    past = past_incident(database)
    log_of(incident, database, "deadlock detected")
    log_of(past, database, "secret of the past")
    Incident.objects.filter(pk=past.pk).update(private=True)
    web.force_login(other)
    answer = web.get(f"/analysis/incidents/{incident.pk}/beside/{past.pk}/")
    assert answer.status_code == 404
    assert b"secret of the past" not in answer.content

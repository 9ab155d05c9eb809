"""What the page of an incident says of its likely origin."""

from __future__ import annotations

import zlib
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from analysis.models import Evidence, EvidenceRequest, Source
from incidents.models import Incident, Service

BEFORE, AFTER, STEP = 5400, 1200, 60


def series(incident: Incident, service: Service, after: float) -> None:
    """A noisy series of a service's queue that goes to `after` times its level at the impact."""
    source, _ = Source.objects.get_or_create(name="Metrics", kind="prometheus")
    moment = incident.impact_started_at
    window = {
        "window_start": moment - timedelta(seconds=BEFORE),
        "window_end": moment + timedelta(seconds=AFTER),
    }
    same = {"incident": incident, "service": service, "what": "queue", "query": "queue", **window}
    request = EvidenceRequest.objects.create(source=source, state="done", **same)
    evidence = Evidence(request=request, kind="series", source_name="Metrics", **same)
    times = moment.timestamp() + np.arange(-BEFORE, AFTER, STEP)
    # By its name: keys depend on the tests before.
    seed = zlib.crc32(service.name.encode())
    noise = np.random.default_rng(seed).standard_normal(len(times))
    values = np.where(times >= moment.timestamp(), after, 1.0) * (10 + noise)
    evidence.freeze([{"times": times.tolist(), "values": values.tolist(), "labels": {}}])
    evidence.save()


@pytest.fixture
def services(database: Service) -> list[Service]:
    others = [Service.objects.create(name=f"service-{number}") for number in range(4)]
    return [database, *others]


def page(web: Client, incident: Incident) -> str:
    return web.get(reverse("analysis:evidence", args=[incident.pk])).content.decode()


def test_an_origin_that_stands_out_is_named_with_how_sure_it_is(
    web: Client, incident: Incident, services: list[Service]
) -> None:
    for service in services:
        series(incident, service, 9.0 if service.name == "orders-db" else 1.3)
    text = page(web, incident)
    assert "Likely origin" in text
    assert "How sure: stronger than in 2 of 2 normal stretches before." in text
    assert text.index("<strong>orders-db</strong>") > text.index("Likely origin")


def test_where_nothing_stands_out_the_page_says_so(
    web: Client, incident: Incident, services: list[Service]
) -> None:
    for service in services:
        series(incident, service, 1.25)
    text = page(web, incident)
    assert "Likely origin" not in text
    assert "No clear origin" in text
    assert "No service stands out:" in text

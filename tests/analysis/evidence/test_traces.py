"""From traces at the source to sentences, frozen examples, pages and links in log lines."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analysis.evidence import planning, pulling
from analysis.evidence.origins import likely_origins
from analysis.models import Evidence, EvidenceRequest, Fingerprint, Source
from analysis.presentation.trace_links import TraceLinks
from incidents.filing import file_incident
from incidents.models import Incident, Service
from tests.analysis.traced_shop import traced_shop

pytestmark = pytest.mark.django_db
Fault = Callable[[random.Random], dict[str, Any]]


@pytest.fixture
def traced(server: Callable[[Any], str]) -> Callable[[Fault], Incident]:
    """An incident of checkout, half an hour old, whose traces have been pulled."""

    def pull(fault: Fault, services: tuple[str, ...] = ("checkout", "payments")) -> Incident:
        impact = timezone.now() - timedelta(minutes=30)
        incident = file_incident(
            title="Orders are slow",
            services=[Service.objects.create(name=name) for name in services],
            impact_started_at=impact,
        )
        since = (impact - timedelta(minutes=3)).timestamp()
        address = server(traced_shop(since, fault))
        Source.objects.create(name="Jaeger", kind="jaeger", settings={"url": address})
        for pk in planning.plan_evidence(incident):
            assert pulling.pull(pk)
        assert not EvidenceRequest.objects.exclude(state="done").exists()
        return incident

    return pull


def sentences(incident: Incident) -> list[str]:
    return [finding.text for finding in incident.findings.filter(kind__in=["slower", "failing"])]


def traces_of(incident: Incident) -> Evidence:
    return incident.evidence.get(kind="traces", service__name="checkout")


def test_a_slow_edge_is_said_once_with_its_callee_acquitted(traced: Any) -> None:
    incident = traced(lambda _: {"edge": 1900})
    [sentence] = sentences(incident)
    since = incident.findings.get(kind="slower").onset
    assert sentence.startswith("checkout → payments: 2.")
    assert f"s more on the edge since {since:%H:%M}; payments' own time unchanged" in sentence
    assert abs((since - incident.impact_started_at).total_seconds() + 180) <= 90
    terms = Fingerprint.objects.get(incident=incident).metrics
    assert "calls to payments slower" in terms


def test_a_slow_service_is_said_once_and_not_as_its_callers(traced: Any) -> None:
    [sentence] = sentences(traced(lambda _: {"payments": 900}))
    assert sentence.startswith("payments: ")
    assert "more of its own time since" in sentence
    assert "most in POST /charge (" in sentence


def test_an_edge_to_a_service_outside_the_catalogue_is_reported_too(traced: Any) -> None:
    [sentence] = sentences(traced(lambda _: {"edge": 1900}, services=("checkout",)))
    assert sentence.startswith("checkout → payments: ")


def test_failures_are_blamed_where_they_began_with_the_reason(traced: Any) -> None:
    incident = traced(lambda chance: {"error": "pool exhausted"} if chance.random() < 0.6 else {})
    [sentence] = sentences(incident)
    assert sentence.startswith("payments: ")
    assert "of requests fail since" in sentence
    assert sentence.endswith("0 % before: pool exhausted")


def test_without_a_fault_nothing_is_said(traced: Any) -> None:
    incident = traced(lambda _: {})
    assert sentences(incident) == []
    assert incident.evidence.filter(kind="traces").count() == 2


def test_the_origin_is_ranked_by_spans_too(traced: Any) -> None:
    assert likely_origins(traced(lambda _: {"payments": 900})).suspects[0].service == "payments"


def test_the_panel_shows_sentence_and_waterfall_and_links_the_examples(
    traced: Any, web: Client
) -> None:
    incident = traced(lambda chance: {"edge": 1900, "error": "x" * (chance.random() < 0.5)})
    panel = web.get(f"/analysis/incidents/{incident.pk}/evidence/").content.decode()
    assert "more on the edge since" in panel
    assert '<svg class="waterfall"' in panel
    for role in ("Slowest: ", "Failed: ", "Normal: "):
        assert role in panel
    page = web.get(f"/analysis/evidence/{traces_of(incident).pk}/").content.decode()
    assert "checkout → payments" in page
    assert '<span class="tag warn">slower</span>' in page


def test_a_trace_has_a_page_with_a_picture_and_the_same_in_words(traced: Any, web: Client) -> None:
    incident = traced(lambda _: {"edge": 1900, "error": "no <connection>"})
    evidence = traces_of(incident)
    trace = evidence.items()[-1]
    page = web.get(f"/analysis/evidence/{evidence.pk}/traces/{trace['id']}/").content.decode()
    assert 'role="img" aria-label="checkout · POST /checkout: ' in page
    assert "4 spans of 2 services" in page
    assert "failed: no &lt;connection&gt;" in page
    assert f"/trace/{trace['id']}" in page
    assert "For comparison" in page
    assert web.get(f"/analysis/evidence/{evidence.pk}/traces/{'f' * 32}/").status_code == 404


def test_a_private_incidents_traces_are_nobody_elses(traced: Any, web: Client) -> None:
    incident = traced(lambda _: {"edge": 1900})
    evidence = traces_of(incident)
    Incident.objects.filter(pk=incident.pk).update(private=True)
    trace = evidence.items()[0]["id"]
    assert web.get(f"/analysis/evidence/{evidence.pk}/traces/{trace}/").status_code == 404


def test_a_trace_id_in_a_line_leads_to_the_frozen_trace_else_to_the_source(traced: Any) -> None:
    incident = traced(lambda _: {})
    trace = traces_of(incident).items()[0]["id"]
    links = TraceLinks(incident)
    path = f"/analysis/evidence/{incident.evidence.filter(kind='traces').last().pk}/traces/{trace}/"
    for line in (f"ERROR [{trace}] <b>", f"trace_id={trace.upper()} x", f'"traceId": "{trace}"'):
        shown = links.linked(line)
        assert f'href="{path}"' in shown
        assert "<b>" not in shown
    other, address = "ab" * 16, Source.objects.get().settings["url"]
    assert f'href="{address}/trace/{other}"' in links.linked(f"traceID={other}")
    # A digest is no trace.
    assert "href" not in links.linked(f"md5 {other} of the file")
    assert f'href="{path}"' in links.of_labels({"trace_id": trace})

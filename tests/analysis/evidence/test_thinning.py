"""Evidence of old incidents is reduced by a rule; suggestions and pages say the same as before."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from analysis.answers.current import find_answer
from analysis.evidence import following
from analysis.evidence.origins import likely_origins
from analysis.evidence.pulling import refresh_fingerprint, renew_findings
from analysis.models import Evidence, EvidenceRequest, Source
from analysis.suggestions.engine import suggest_for_incident
from common import retention
from common.process_cache import clear_all
from common.retention import KINDS
from common.viewer import Nobody
from incidents.filing import add_note, file_incident, set_status
from incidents.models import Incident, Service
from kb.causes.linking import cite_evidence, name_cause
from kb.postmortems.editing import save_postmortem, start_postmortem

pytestmark = pytest.mark.django_db
DAYS_AGO = 120
SAMPLES = 240


@pytest.fixture
def database(db: None) -> Service:
    return Service.objects.create(name="orders-db", kind="postgresql")


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(name="p", kind="prometheus", settings={"url": "http://p.example"})


def with_evidence(source: Source, services: list[Service], title: str, **fields: Any) -> Incident:
    """An incident with curves that left their range and lines that were new."""
    began = timezone.now() - timedelta(days=DAYS_AGO)
    incident = file_incident(title=title, services=services, impact_started_at=began, **fields)
    start, end = began - timedelta(hours=1), began + timedelta(hours=1)
    at, step = start.timestamp(), 7200 / SAMPLES
    for service in services:
        for kind, what in ((Evidence.Kind.SERIES, "cpu"), (Evidence.Kind.LINES, "log lines")):
            request = EvidenceRequest.objects.create(
                incident=incident, source=source, service=service, what=what, query=what,
                window_start=start, window_end=end, state="done", pulls=1,
            )  # fmt: skip
            evidence = Evidence(
                incident=incident, request=request, service=service, kind=kind, what=what,
                source_name="p", query=what, window_start=start, window_end=end,
            )  # fmt: skip
            times = [at + number * step for number in range(SAMPLES)]
            if kind == Evidence.Kind.SERIES:
                values = [math.sin(n) / 10 + (9 if n > SAMPLES / 2 + 5 else 1) for n in range(240)]
                evidence.freeze([{"labels": {"pod": "a"}, "times": times, "values": values}])
            else:
                usual = [
                    {"at": when, "text": f"served request {n}"} for n, when in enumerate(times)
                ]
                new = [
                    {"at": w, "text": f"error: pool of {service} exhausted"} for w in times[125:]
                ]
                evidence.freeze(sorted(usual + new, key=lambda each: each["at"]))
            evidence.save()
            renew_findings(evidence)
    refresh_fingerprint(incident)
    return incident


def end(incident: Incident, days_ago: int) -> None:
    set_status(incident, "resolved")
    at = timezone.now() - timedelta(days=days_ago, hours=1)
    Incident.objects.filter(pk=incident.pk).update(resolved_at=at)


def thin() -> int:
    return retention.apply(KINDS["evidence"]).rows


def everything_said(incident: Incident, now: Incident, web: Client) -> dict[str, Any]:
    clear_all()
    suggested = suggest_for_incident(now, Nobody())
    answer = asdict(find_answer(now))
    page = web.get(f"/analysis/incidents/{incident.pk}/evidence/").content.decode()
    return {
        "causes": [(each.cause.pk, each.confidence, each.likeness) for each in suggested.causes],
        "reasons": [[reason.text for reason in each.reasons] for each in suggested.causes],
        "incidents": [(each.incident.pk, each.likeness) for each in suggested.incidents],
        "answer": answer,
        "origins": likely_origins(incident),
        "findings": list(incident.findings.values_list("text", "onset", "score", "term")),
        "fingerprint": (incident.fingerprint.templates, incident.fingerprint.metrics),
        "updated": Incident.objects.get(pk=incident.pk).updated_at,
        "story": page[page.index("<h3>What left") : page.index('<div class="charts">')],
    }


def test_pages_suggestions_and_answers_say_the_same_before_and_after(
    source: Source, database: Service, user: User, web: Client
) -> None:
    caller = Service.objects.create(name="checkout")
    caller.depends_on.add(database)
    old = with_evidence(source, [database, caller], "orders-db has no connections left")
    link = name_cause(old, "Pool too small", author=user)
    link.state = "confirmed"
    link.save()
    end(old, 100)
    now = with_evidence(source, [database], "orders-db has no connections")
    series, lines, *_ = old.evidence.order_by("pk")
    full = {row.pk: (len(row.content), row.digest) for row in old.evidence.all()}
    before = everything_said(old, now, web)
    assert all((before["causes"], before["origins"].suspects, before["findings"]))
    assert thin() == 1
    assert everything_said(old, now, web) == before
    for row in old.evidence.all():
        size, digest = full[row.pk]
        assert len(row.content) < size / 2
        assert (row.full_digest, row.thinned_at is not None) == (digest, True)
    series.refresh_from_db()
    [item] = series.items()
    assert max(item["values"]) == pytest.approx(9.1, abs=0.05)
    assert 20 <= len(item["times"]) <= 26
    lines.refresh_from_db()
    assert {each["text"] for each in lines.items()} == {"error: pool of orders-db exhausted"}
    for row in (series, lines):
        page = web.get(f"/analysis/evidence/{row.pk}/").content.decode()
        today = f"{timezone.now():%Y-%m-%d}"
        assert f"Thinned on {today} by EVIDENCE_RETENTION_DAYS (normal services: 90 days)" in page
        assert full[row.pk][1] in page
    assert "<svg" in web.get(f"/analysis/evidence/{series.pk}/chart.svg").content.decode()
    beside = web.get(f"/analysis/incidents/{now.pk}/beside/{old.pk}/").content.decode()
    assert "its lines cannot be compared" in beside
    assert f"{old.reference}: Thinned on" in beside
    api = APIClient()
    api.force_authenticate(user)
    assert api.get(f"/api/v1/evidence/{series.pk}/").data["thinned_at"]
    # Nothing of the incident that is open, and nothing twice.
    assert not now.evidence.filter(thinned_at__isnull=False).exists()
    assert thin() == 0


def test_what_is_open_cited_pulled_or_of_a_core_service_stays_in_full(
    source: Source, database: Service, user: User, settings: Any
) -> None:
    core = Service.objects.create(name="pay", tier="core")
    small = Service.objects.create(name="wiki", tier="supplementary")
    made = {
        name: with_evidence(source, services, f"{name} is slow")
        for name, services in {
            "open": [database], "recent": [database], "old": [database], "busy": [database],
            "core": [core, database], "small": [small], "cited": [database],
        }.items()
    }  # fmt: skip
    for name, days in {
        "recent": 80, "old": 100, "busy": 100, "core": 100, "small": 40, "cited": 100,
    }.items():  # fmt: skip
        end(made[name], days)
    made["busy"].evidence_requests.update(state="waiting")
    cited, in_text, in_note = (
        row.pk for row in with_more(made["cited"], source, database).order_by("pk")[:3]
    )
    link = name_cause(made["cited"], "Pool too small", author=user)
    cite_evidence(link, "CPU", f"/analysis/evidence/{cited}/", user)
    postmortem = start_postmortem([made["old"]], user)
    body = f"![CPU](/analysis/evidence/{in_text}/chart.png)"
    save_postmortem(postmortem, user, base_version=postmortem.version, title="Why", body=body)
    add_note(made["cited"], f"See /analysis/evidence/{in_note}/", user)
    thin()
    found = set(Evidence.objects.filter(thinned_at__isnull=False).values_list("incident", "pk"))
    incidents = {name for name, row in made.items() if row.pk in {key for key, _ in found}}
    assert incidents == {"old", "small", "cited"}
    keys = {pk for _, pk in found}
    assert not keys & {cited, in_text, in_note}
    assert set(made["cited"].evidence.values_list("pk", flat=True)) - keys == {
        cited, in_text, in_note,
    }  # fmt: skip
    settings.EVIDENCE_RETENTION_DAYS = {"core": 0, "normal": 0, "supplementary": 0}
    Evidence.objects.update(thinned_at=None)
    assert thin() == 0


def with_more(incident: Incident, source: Source, service: Service) -> Any:
    """The evidence of an incident, of which there are five."""
    first = incident.evidence.first()
    assert first is not None
    for number in range(3):
        request = EvidenceRequest.objects.create(
            incident=incident, source=source, service=service, what=f"more {number}", query="q",
            window_start=first.window_start, window_end=first.window_end, state="done",
        )  # fmt: skip
        row = Evidence(
            incident=incident, request=request, kind="series", what=request.what, query="q",
            source_name="p", window_start=first.window_start, window_end=first.window_end,
        )  # fmt: skip
        row.freeze(first.items())
        row.save()
    return incident.evidence


def test_what_was_thinned_is_not_pulled_again_after_the_incident_is_opened_again(
    source: Source, database: Service, web: Client
) -> None:
    incident = with_evidence(source, [database], "orders-db is slow")
    end(incident, 100)
    assert thin() == 1
    set_status(incident, "investigating")
    following.pull_again(incident)
    thinned = incident.evidence_requests.filter(evidence__thinned_at__isnull=False)
    assert thinned.count() == 2
    assert not thinned.exclude(state="done").exists()
    assert thin() == 0

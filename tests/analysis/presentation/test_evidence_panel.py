from __future__ import annotations

import pytest
from django.test import Client

from analysis.evidence import planning
from analysis.models import Source
from analysis.presentation import evidence_panel
from analysis.presentation.evidence_age import EvidenceAge, evidence_age
from incidents.models import Incident

pytestmark = pytest.mark.django_db


def test_a_page_that_is_loaded_while_pulls_are_planned_waits_for_them(
    incident: Incident, web: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Source.objects.create(name="Prometheus", kind="prometheus", settings={"url": "http://x.test"})

    def plan_meanwhile(subject: Incident) -> EvidenceAge:
        assert planning.plan_evidence(Incident.objects.get(pk=subject.pk))
        return evidence_age(subject)

    monkeypatch.setattr(evidence_panel, "evidence_age", plan_meanwhile)
    panel = web.get(f"/analysis/incidents/{incident.pk}/evidence/").content.decode()
    assert "Deciding what to pull" in panel
    assert 'hx-trigger="every 2s"' in panel
    assert "No evidence was pulled" not in panel

"""Pages of the analysis in German, and that what they store is in English nonetheless."""

from __future__ import annotations

import pytest
from django.test import Client

from analysis.models import Collector, EvidenceRequest, Source
from incidents.models import Incident

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de"}


def test_the_panels_of_an_incident_are_in_german(incident: Incident, web: Client) -> None:
    suggestions = web.get(f"/analysis/incidents/{incident.pk}/suggestions/", headers=GERMAN)
    assert "Es gibt noch keinen Verlauf zum Vergleichen." in suggestions.content.decode()
    evidence = web.get(f"/analysis/incidents/{incident.pk}/evidence/", headers=GERMAN)
    assert "Auswahl der Abrufe läuft" in evidence.content.decode()


def test_what_is_wrong_with_a_pull_is_said_in_german(incident: Incident, web: Client) -> None:
    Source.objects.create(name="metrics", kind="prometheus", settings={"url": "http://x"})
    address = f"/analysis/incidents/{incident.pk}/pull-also/"
    page = web.post(address, {"source": "unknown"}, headers=GERMAN).content.decode()
    assert "Quelle: Eine der Quellen wählen." in page
    page = web.post(address, {"source": "metrics", "query": " "}, headers=GERMAN).content.decode()
    assert "Abfrage: Dieses Feld darf nicht leer sein." in page
    assert not EvidenceRequest.objects.exists()
    assert not Collector.objects.exists()


def test_what_fixed_it_is_wanted_in_german(incident: Incident, web: Client) -> None:
    page = web.post(f"/analysis/incidents/{incident.pk}/resolve/", {"ended": "now"}, headers=GERMAN)
    assert "Angeben, was geholfen hat" in page.content.decode()
    incident.refresh_from_db()
    assert incident.is_open

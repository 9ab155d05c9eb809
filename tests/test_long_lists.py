"""Long lists and files: pages show a part of them, imports refuse what is too long."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from common import file_import
from incidents.catalogue.sync import import_catalogue
from incidents.filing import file_incident
from incidents.models import Incident, Service
from incidents.search import listing
from kb.models import ChatPerson, Workspace
from kb.postmortems import editing
from practice.models import Slo

pytestmark = pytest.mark.django_db


@pytest.fixture
def services(db: None) -> list[Service]:
    return Service.objects.bulk_create(Service(name=f"service-{n:03}") for n in range(120))


def test_objectives_are_listed_in_pages(web: Client, services: list[Service]) -> None:
    Slo.objects.bulk_create(
        Slo(service=each, name="answers", target=99, numerator="a", total="b") for each in services
    )
    first, last = (
        web.get("/practice/slos/", {"page": number}).content.decode() for number in (1, 3)
    )
    assert (first.count("data-row"), last.count("data-row")) == (50, 20)
    assert "1–50 of 120" in first
    assert "page=2" in first


@pytest.mark.parametrize("many", [0, 20_000])
def test_a_search_counts_and_pages_so_many_and_then_asks_for_more_words(
    web: Client, user: User, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(listing, "MOST", 60)
    monkeypatch.setattr(listing, "MANY", many)
    now = timezone.now()
    Incident.objects.bulk_create(
        Incident(title=f"Leak {n}", status="resolved", impact_started_at=now, resolved_at=now)
        for n in range(70)
    )
    file_incident(title="Leak upstairs", services=[], reporter=user, quiet=True)
    first, last, past_the_end = (
        web.get("/", {"q": "leak", "page": number}).content.decode() for number in (1, 2, 9)
    )
    assert "Resolved <small>59+</small>" in first
    assert "Open <small>1</small>" in first
    assert re.search(r"1–50 of 60\s*\+", first)
    assert "Narrow the search" not in first
    assert (first.count("data-row"), last.count("data-row")) == (50, 10)
    assert "Narrow the search to see further ones." in last
    assert past_the_end.count("data-row") == 10
    assert "1–50 of 71" in web.get("/").content.decode()
    exact = web.get("/", {"q": '"leak upstairs"'}).content.decode()
    assert "1–1 of 1" in exact
    assert "+</small>" not in exact


def test_the_onboarding_board_shows_the_most_urgent_of_a_column(
    web: Client, user: User, services: list[Service]
) -> None:
    file_incident(title="Slow", services=[services[-1]], reporter=user, quiet=True)
    page = web.get("/practice/").content.decode()
    column = page[page.index("Not begun") :]
    assert column.count('<li class="card">') == 50
    assert "service-119" in column
    assert "The 50 most urgent" in column
    assert re.search(r"Not begun <small[^>]*>120<", page)


def test_a_workspace_names_some_of_its_people_and_counts_all(
    admin_client: Client, user: User
) -> None:
    workspace = Workspace.objects.create(kind="slack", name="Slack", settings={})
    ChatPerson.objects.bulk_create(
        ChatPerson(workspace=workspace, external_id=f"U{n}", user=user) for n in range(130)
    )
    page = admin_client.get(f"/knowledge/chat/{workspace.pk}/").content.decode()
    assert page.count(f"is {user}") == 100
    assert "The first 100 of 130" in page


def test_versions_of_a_postmortem_are_listed_in_pages(web: Client, user: User) -> None:
    postmortem = editing.start_postmortem([file_incident(title="Slow", reporter=user)], user)
    record: Any = postmortem.history.model
    newest = postmortem.history.latest()
    for version in range(2, 62):
        newest.pk, newest.version = None, version
        newest.save(force_insert=True)
    assert record.objects.filter(id=postmortem.pk).count() >= 61
    address = f"/knowledge/postmortems/{postmortem.pk}/versions/"
    first, second = (web.get(address, {"page": n}).content.decode() for n in (1, 2))
    assert "Version 61<" in first
    assert "Version 5<" not in first
    assert "Version 5<" in second
    assert "page=2&amp;version=5" in second


def test_a_file_of_too_many_entries_is_refused_before_any_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_import, "MAX_ENTRIES", 3)
    rows = "".join(f"name-{n},core\n" for n in range(4))
    with pytest.raises(ValidationError, match="At most 3 entries at once: this file has 4"):
        import_catalogue("csv", f"name,tier\n{rows}")
    assert not Service.objects.exists()
    assert len(import_catalogue("csv", f"name,tier\n{rows[:12]}").new) == 1


def test_a_file_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(ValidationError, match="At most 5 MB at once"):
        import_catalogue("csv", "name\n" + "w" * (5 * 1024 * 1024))

"""Several incidents in one page come as several, whichever program saved the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from incidents.models import Incident
from kb.import_runner import import_records
from kb.importers import registry
from kb.importers.base import ImportedIncident, ReadResult
from kb.models import CauseLink
from tests.kb.importers.written_pages import LOGS, SINGLE, STATUS_PAGE, Page


def read(path: Path) -> list[ReadResult]:
    return list(registry()["html"]().read(path))


@pytest.mark.parametrize("page", LOGS, ids=str)
def test_each_dated_heading_of_a_page_becomes_an_incident(page: Page, tmp_path: Path) -> None:
    path = tmp_path / page.name
    path.write_text(page.text)
    found = read(path)
    assert [why for _, why in found if isinstance(why, str)] == []
    records = [each for _, each in found if isinstance(each, ImportedIncident)]
    assert [(f"{each.impact_started_at:%Y-%m-%d %H:%M}", each.title) for each in records] == (
        page.entries
    )
    assert len({each.external_id for each in records}) == len(records)
    causes = [[cause.name for cause in each.found_causes] for each in records]
    assert causes == [[cause] for cause in page.causes] if page.causes else not any(causes)


@pytest.mark.parametrize("name", SINGLE)
def test_a_page_about_one_incident_stays_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(SINGLE[name])
    [(place, record)] = read(path)
    assert place == "report.html"
    assert isinstance(record, ImportedIncident)
    assert record.title == "Search outage"


def test_an_index_without_a_log_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text("<body><h1>Space</h1><ul><li><a href='a.html'>2026-02-03 a</a></li></ul>")
    assert [why for _, why in read(tmp_path)] == ["it is the folder's index"]


def test_a_page_that_a_script_fills_is_refused_with_what_to_save(tmp_path: Path) -> None:
    path = tmp_path / "history.html"
    path.write_text(
        "<title>Acme Status - Incident History</title><body><h4>History 2026-07-04</h4>"
        "<div data-react-class='HistoryIndex' data-react-props='{}'></div>"
    )
    [(_, why)] = read(path)
    assert "save /api/v2/incidents.json" in str(why)


def test_labels_actions_and_text_of_a_table_go_to_their_own_incident(tmp_path: Path) -> None:
    [confluence] = [page for page in LOGS if page.shape == "Confluence"]
    (tmp_path / confluence.name).write_text(confluence.text)
    first, second = (each for _, each in read(tmp_path) if isinstance(each, ImportedIncident))
    assert (first.severity, f"{first.resolved_at:%H:%M}") == ("SEV1", "11:30")
    assert [(each.title, each.state) for each in first.actions] == [
        ("Add a replica", "done"), ("Watch shards", "open"),
    ]  # fmt: skip
    assert (second.severity, second.resolved_at, second.actions) == ("", None, [])
    assert "shard" not in second.body


def test_the_source_of_a_status_page_gives_its_incidents_with_their_updates(
    tmp_path: Path,
) -> None:
    path = tmp_path / "status.html"
    path.write_text(STATUS_PAGE)
    (_, slow), (place, upgrade), (_, late) = read(path)
    assert isinstance(slow, ImportedIncident)
    assert isinstance(late, ImportedIncident)
    assert (slow.title, slow.severity, slow.external_id) == ("Deliveries late", "minor", "abc")
    assert f"{slow.impact_started_at} {slow.resolved_at}" == (
        "2026-07-04 12:01:00+00:00 2026-07-04 13:24:00+00:00"
    )
    assert slow.symptom == "We look into delayed deliveries."
    assert [state for _, state, _ in slow.updates] == ["investigating", "resolved"]
    assert place == "status.html, “Database upgrade”"
    assert upgrade == "it is a maintenance, no incident"
    # Its updates name no year, and it went over the end of one.
    assert f"{late.impact_started_at:%Y-%m-%d} {late.resolved_at:%Y-%m-%d}" == (
        "2025-12-31 2026-01-01"
    )


@pytest.mark.django_db
def test_incidents_of_a_page_are_stored_and_known_again(tmp_path: Path) -> None:
    path = tmp_path / LOGS[0].name
    path.write_text(LOGS[0].text)
    call_command("import_knowledge", "html", path)
    assert {incident.title for incident in Incident.objects.all()} == {"Queue stuck", "Disk full"}
    assert {link.cause.name for link in CauseLink.objects.all()} == set(LOGS[0].causes)
    assert import_records(read(path), "html").same == 2

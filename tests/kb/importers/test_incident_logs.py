"""Several incidents in one Markdown document come as several, and one report stays one."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.models import Incident
from kb.import_runner import KnowledgeImportReport, import_records
from kb.importers import registry
from kb.importers.base import ImportedIncident, ReadResult
from kb.models import CauseLink, Postmortem
from tests.kb.importers.written_logs import LOGS, SINGLE, Log


def read(path: Path) -> list[ReadResult]:
    return list(registry()["markdown"]().read(path))


def brought(path: Path) -> KnowledgeImportReport:
    return import_records(read(path), "markdown")


@pytest.mark.parametrize("log", LOGS, ids=str)
def test_each_dated_heading_of_a_log_becomes_an_incident(log: Log, tmp_path: Path) -> None:
    path = tmp_path / log.name
    path.write_text(log.text)
    found = read(path)
    records = [each for _, each in found if isinstance(each, ImportedIncident)]
    assert [(f"{each.impact_started_at:%Y-%m-%d %H:%M}", each.title) for each in records] == (
        log.entries
    )
    assert len({each.external_id for each in records}) == len(records)
    assert [(place, why) for place, why in found if isinstance(why, str)] == [
        (f"{log.name}, “{title}”", "it is beside several incidents and names no day itself")
        for title in log.skipped
    ]


@pytest.mark.parametrize("name", SINGLE)
def test_a_document_about_one_incident_stays_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text(SINGLE[name])
    assert [place for place, _ in read(path)] == ["report.md"]


def test_times_of_a_day_are_marked_and_those_of_an_hour_are_not(tmp_path: Path) -> None:
    logs = {log.shape: log for log in LOGS}
    path = tmp_path / "outages.md"
    path.write_text(logs["time and zone in the heading"].text)
    assert all(
        "impact_started_at" not in record.guessed_times
        for _, record in read(path)
        if isinstance(record, ImportedIncident)
    )
    path.write_text(logs["day in brackets behind the name"].text)
    assert [
        record.guessed_times["impact_started_at"]
        for _, record in read(path)
        if isinstance(record, ImportedIncident)
    ] == ["only the day is known"] * 2


@pytest.mark.django_db
def test_causes_and_text_go_to_their_own_incident_and_a_longer_log_brings_only_the_new_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "incidents.md"
    path.write_text(LOGS[0].text)
    assert len(brought(path).new) == 2
    links = {link.incident.title: link.cause.name for link in CauseLink.objects.all()}
    assert links == {
        "Proxy does not start after an update": "The unit file names a removed binary",
        "Disk full on the build host": "Caches are never pruned",
    }
    disk = Postmortem.objects.get(title="Disk full on the build host")
    assert "binary" not in disk.body
    newer = "## 2026-02-20 — Clock drifts\n\n**Root cause:** No NTP.\n\n## 2026-02-03"
    path.write_text(LOGS[0].text.replace("## 2026-02-03", newer))
    report = brought(path)
    assert (report.new, report.same) == (["Clock drifts"], 2)
    assert Incident.objects.count() == 3


def test_a_date_with_two_meanings_is_refused_with_the_option(tmp_path: Path) -> None:
    path = tmp_path / "incidents.md"
    path.write_text("## 03/02/2026 API down\n\nFix: restart\n\n## 04/02/2026 API slow\n\nFix: x\n")
    assert [("--dates" in why) for _, why in read(path) if isinstance(why, str)] == [True, True]

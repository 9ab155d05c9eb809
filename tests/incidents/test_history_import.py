from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from incidents.history_import import import_incidents, read_rows
from incidents.history_rows import parse_row
from incidents.models import Incident, Service
from tests.conftest import data
from tests.sizes import LONG

pytestmark = pytest.mark.django_db
ROW = {"id": "7", "title": "API down", "started_at": "2026-01-01T10:00:00Z"}


def lines(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


def test_importing_twice_adds_nothing_twice(tmp_path: Path) -> None:
    path = lines(tmp_path, ROW)
    assert import_incidents(read_rows(path), "status").total == 1
    again = import_incidents(read_rows(path), "status")
    assert (again.new, again.same) == ([], 1)
    assert Incident.objects.count() == 1


def test_a_dry_run_reports_and_stores_nothing(tmp_path: Path) -> None:
    report = import_incidents(
        read_rows(lines(tmp_path, {**ROW, "components": ["API"]})), "s", dry_run=True
    )
    assert (report.new, report.new_services) == (["API down"], ["API"])
    assert not Incident.objects.exists()
    assert not Service.objects.exists()


def test_bad_rows_are_named_and_do_not_stop_the_others(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        "{not json",
        {**ROW, "id": ""},
        {**ROW, "id": "8", "started_at": "soon"},
        {**ROW, "id": "9", "title": None},
        ROW,
    )
    report = import_incidents(read_rows(path), "s")
    assert report.new == ["API down"]
    assert [place for place, _ in report.skipped] == ["1", "2", "3", "4"]
    assert "'soon' is not a time" in report.skipped[2].why


def test_csv_with_other_column_names(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("Nr,What,When,Parts\n1,Mail late,2026-02-03 04:05,mailer; queue\n")
    call_command(
        "import_incidents", path, "--map", "external_id=Nr", "--map", "title=What",
        "--map", "impact_started_at=When", "--map", "services=Parts",
    )  # fmt: skip
    incident = Incident.objects.get()
    assert {s.name for s in incident.services.all()} == {"mailer", "queue"}


def test_a_missing_file_is_one_sentence() -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_incidents", "/nowhere.jsonl")


@pytest.mark.parametrize("value", [1767261600, 1767261600000, "2026-01-01T10:00:00"])
def test_times_in_seconds_milliseconds_and_words(value: object) -> None:
    assert parse_row({**ROW, "started_at": value}, {}).impact_started_at == datetime(
        2026, 1, 1, 10, tzinfo=UTC
    )


def test_the_real_history_of_819_incidents_is_searchable_and_renders(web: Client) -> None:
    rows = list(read_rows(data("incidents/github-status.jsonl")))
    assert len(rows) == 819
    chosen = rows if LONG else rows[:300]
    report = import_incidents(chosen, "github-status")
    assert (len(report.new), report.skipped) == (len(chosen), [])
    assert (
        "Incident with Codespaces" in web.get("/", {"q": "Codespaces WestEurope"}).content.decode()
    )
    by_length = sorted(Incident.objects.all(), key=lambda row: len(row.symptom + row.resolution))
    each = 10 if LONG else 40
    unlike = {row.pk for row in (*by_length[:each], *by_length[-each:], *by_length[::each])}
    assert len(unlike) > 30
    for pk in unlike:
        assert web.get(f"/INC-{pk}/").status_code == 200

"""Day numbers of spreadsheets in columns of times, and numbers that look like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from incidents.history_import import import_incidents
from incidents.history_rows import options_from
from incidents.models import Incident
from kb.import_runner import import_records
from kb.importers import registry

pytestmark = pytest.mark.django_db

READ = {
    # As SheetJS writes a cell without a format.
    "45292.416666666664": "2024-01-01 10:00:00",
    # As “General” shows it, in eleven characters.
    "45292.41667": "2024-01-01 10:00:00",
    "37440.625": "2002-07-03 15:00:00",
    "45911.32361": "2025-09-11 07:46:00",
    "35981.5": "1998-07-05 12:00:00",
    # With the comma of a German or French spreadsheet.
    "45292,4166667": "2024-01-01 10:00:00",
    "46084.999988426": "2026-03-03 23:59:59",
    "32874.25": "1990-01-01 06:00:00",
    # Not day numbers in the same column, by their size or their shape.
    "2024-01-01 10:00": "2024-01-01 10:00:00",
    "1 January 2024 10:00 UTC": "2024-01-01 10:00:00",
}
NOT_A_TIME = ["32873.5", "73051.5", "452920.5", "4529.25", "45 292.5", "45292.5 d", "45292.5.1"]


def brought(*values: object, zone: str = "") -> tuple[list[str], list[str]]:
    """The starts of incidents with these values in their column, and why others are skipped."""
    rows = [(n, {"id": n, "title": "a", "started_at": value}) for n, value in enumerate(values)]
    report = import_incidents(rows, "table", options=options_from({}, zone))
    times = Incident.objects.order_by("pk").values_list("impact_started_at", flat=True)
    return [f"{at:%Y-%m-%d %H:%M}" for at in times], [each.why for each in report.skipped]


@pytest.mark.parametrize("value", READ)
@pytest.mark.parametrize("kind", ["csv", "command"])
def test_a_day_number_with_a_fraction_is_a_time(value: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(f"id;title;started_at\n1;a;{value}\n2;b;45300.5\n")
    if kind == "csv":
        import_records(registry()["csv"]().read(path), "csv")
    else:
        call_command("import_incidents", path)
    at = Incident.objects.get(external_id="1").impact_started_at
    assert f"{at:%Y-%m-%d %H:%M:%S}" == READ[value]


@pytest.mark.parametrize("value", NOT_A_TIME)
def test_a_number_that_is_no_day_of_our_time_is_refused_with_the_value(value: str) -> None:
    times, [why] = brought(value)
    assert (times, repr(value) in why) == ([], True)


def test_whole_days_need_a_neighbour_with_a_fraction_and_are_marked() -> None:
    assert brought("45292", "45293.5")[0] == ["2024-01-01 00:00", "2024-01-02 12:00"]
    first, second = Incident.objects.order_by("pk")
    assert first.guessed_times["impact_started_at"] == "only the day is known"
    assert "impact_started_at" not in second.guessed_times


@pytest.mark.parametrize("values", [("45292", "45293"), (45292,), ("2024-01-01 10:00", "45292")])
def test_whole_numbers_alone_may_be_anything_and_are_refused_with_the_cure(
    values: tuple[object, ...],
) -> None:
    _, refused = brought(*values)
    assert len(refused) == sum(not str(value).startswith("2024") for value in values)
    assert all("give its column a format with date and time" in why for why in refused)


@pytest.mark.parametrize("epoch", [1704103200, "1704103200", 1704103200000, "1704103200.5"])
def test_seconds_since_1970_stay_so_and_no_day_number_is_read_beside_them(epoch: object) -> None:
    assert brought(epoch)[0] == ["2024-01-01 10:00"]
    times, refused = brought(epoch, "45292.5")
    assert times == ["2024-01-01 10:00"]
    assert len(refused) == 1


def test_they_are_in_the_zone_of_the_exporter_and_in_numbers_of_json_too() -> None:
    assert brought(45292.4166667, zone="Europe/Berlin") == (["2024-01-01 09:00"], [])


def test_other_columns_of_times_are_read_as_the_starts_show_it() -> None:
    row = {"id": 1, "title": "a", "started_at": "45292.5", "resolved_at": "45293"}
    import_incidents([(1, row)], "a")
    assert f"{Incident.objects.get().resolved_at:%Y-%m-%d %H:%M}" == "2024-01-02 00:00"
    length = {"id": 2, "title": "b", "started_at": "2024-01-01 10:00", "resolution_time": "45292.5"}
    [skipped] = import_incidents([(1, length)], "b").skipped
    assert "resolved_at: '45292.5' may be the day number of a spreadsheet" in skipped.why

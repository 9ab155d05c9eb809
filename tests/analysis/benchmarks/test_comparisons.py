"""Methods compared with baselines: how the figures are counted."""

from __future__ import annotations

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from analysis.benchmarks.comparisons import anomalies, logs
from analysis.benchmarks.comparisons.anomalies import Matches, matches
from analysis.benchmarks.comparisons.logs import rightly_grouped
from analysis.benchmarks.comparisons.outcomes import PRODUCT


def test_only_lines_of_exactly_their_group_are_right() -> None:
    assert rightly_grouped("aabbc", "11223") == (1, 1, 1, 1, 1)
    assert rightly_grouped("aabbc", "11224".replace("4", "2")) == (1, 1, 0, 0, 0)
    assert rightly_grouped("aabb", "1233") == (0, 0, 1, 1)


def test_windows_are_hit_once_and_anomalies_outside_all_are_false() -> None:
    windows = [(10.0, 20.0), (40.0, 50.0), (70.0, 80.0)]
    found = matches([(12, 13), (18, 19), (20, 41), (60, 61)], windows)
    assert found == Matches(hit=2, missed=1, false=1)
    assert found.f1 == pytest.approx(4 / 6)
    assert matches([], []).f1 == 1
    assert matches([(1, 2)], []).f1 == 0


def _write(folder: Path) -> None:
    (folder / "logs").mkdir(parents=True)
    rows = [
        {"content": f"user {name} left after {at} s", "event_id": "E1"}
        for at, name in enumerate(["anna", "bert", "cleo"])
    ]
    rows.append({"content": "disk full", "event_id": "E2"})
    (folder / "logs" / "Shop.jsonl").write_text("\n".join(map(json.dumps, rows)))
    nab = folder / "telemetry" / "nab" / "cloud"
    nab.mkdir(parents=True)
    with gzip.open(nab / "cpu.csv.gz", "wt") as file:
        file.write("timestamp,value\n")
        for number in range(2400):
            value = 90 if number == 1500 else 10 + number % 7
            file.write(f"{1_700_000_000 + 300 * number},{value}\n")
    at = 1_700_000_000 + 300 * 1500
    windows = {"cloud/cpu.csv": [[str(at - 3600), str(at + 3600)]]}
    (nab.parent / "windows.json").write_text(json.dumps(windows))


def test_each_system_has_the_product_and_its_baselines(tmp_path: Path) -> None:
    _write(tmp_path)
    lines = {each.method: each.values for each in logs.outcomes(tmp_path)}
    assert lines[PRODUCT] == (1, 1, 1, 1)
    assert lines["digits masked"] == (0, 0, 0, 1)
    found = {
        (each.system, each.method): each.mean
        for each in anomalies.outcomes(tmp_path)
        if each.figure == "F1 of all windows"
    }
    assert found["cloud", PRODUCT] == found["all", PRODUCT] == 1
    assert {method for _, method in found} == set(anomalies.METHODS)


def test_a_folder_without_such_data_has_nothing_to_compare(tmp_path: Path) -> None:
    assert not list(logs.outcomes(tmp_path))
    assert not list(anomalies.outcomes(tmp_path))


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    _write(tmp_path)
    out = StringIO()
    call_command("compare_methods", tmp_path, "--only", "log templates", stdout=out)
    assert "| Shop | grouping accuracy | Causebook | 4 | 1.000 |" in out.getvalue()

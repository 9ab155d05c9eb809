"""The commands that measure the product on data sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from analysis.benchmarks.index import benchmark
from tests.conftest import data


def test_the_contract_commands_write_what_they_promise(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    docs = [
        {"id": "a", "title": "disk full", "body": "", "created": "2026-01-01"},
        {"id": "b", "title": "disk is full", "body": "", "created": "2026-01-02"},
        {"id": "c", "title": "disk full too", "body": None, "created": "2026-01-03"},
    ]
    queries = [
        {"query_id": "b", "relevant_ids": ["c"]},
        {"query_id": "q", "query": {"title": "", "body": "full disk"}, "relevant_ids": []},
    ]
    for name, rows in (("docs", docs), ("qrels", queries)):
        text = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.jsonl").write_text(text)
    out = tmp_path / "run.jsonl"
    call_command("evaluate_similarity", folder, "--out", out)
    ran = [json.loads(line) for line in out.read_text().splitlines()]
    # A document sees only older ones, whatever its relevant ids say.
    assert ran[0] == {"query_id": "b", "ranked": ["a"]}
    assert set(ran[1]["ranked"]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("command", "name", "keys"),
    [
        ("causes", "telemetry/onlineboutique", {"id", "ranked", "findings"}),
        ("templates", "logs/Apache.jsonl", {"template_id", "template"}),
        ("anomalies", "telemetry/nab/realAWSCloudwatch", {"file", "anomalies"}),
        ("similarity", "text/hadoop", {"query_id", "ranked"}),
    ],
)
def test_the_contract_commands_run_on_real_data(
    command: str, name: str, keys: set[str], tmp_path: Path
) -> None:
    out = tmp_path / "run.jsonl"
    call_command(f"evaluate_{command}", data(name), "--out", out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows
    assert all(set(row) == keys for row in rows)


def test_the_benchmark_reports_every_promised_figure() -> None:
    result = benchmark(300, 5)
    assert {"p50_ms", "p95_ms", "build_s", "add_until_found_ms", "linear_kernel_ratio"} <= set(
        result
    )
    assert result["add_until_found_ms"] is not None

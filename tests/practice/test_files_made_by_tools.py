"""Load tests of a small server by the tools themselves, in November 2026: JMeter 5.5, k6, Locust.

The server answered after 2 to 30 ms, and every thirtieth request with an error.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from practice.load_tests.base import BadFile, LoadTestSummary
from tests.practice.load_test_reports import read

MADE = Path(__file__).parents[1] / "cases" / "made_by_tools"

FIGURES = [
    ("jmeter", "jmeter-5.5.xml", LoadTestSummary(23, 164, 191, 44.5, 1 / 24, 24)),
    ("k6", "k6-1.1.0-handle-summary.json",
     LoadTestSummary(16.65, 30.1, 30.96, 177.1, 2 / 184, 184)),
    ("k6", "k6-1.1.0-summary-export.json",
     LoadTestSummary(12.5, 30.86, None, 120.4, 1 / 16, 16)),
    ("k6", "k6-1.1.0-points.csv", LoadTestSummary(11.77, 36.52, 36.52, 16, 1 / 16, 16)),
    ("locust", "locust-2.47.0_stats.csv", LoadTestSummary(19, 34, 82, 95.64, 8 / 287, 287)),
    ("locust", "locust-2.47.0_stats_history.csv",
     LoadTestSummary(19, None, None, 95.67, 8 / 287, 287)),
    ("locust", "locust-2.47.0.json", LoadTestSummary(22, 35, 49, 60.62, 4 / 124, 124)),
]  # fmt: skip


def made(name: str) -> str:
    return (MADE / name).read_text()


def jmeter_requests() -> Iterator[dict[str, str]]:
    """Its samples without the transaction around them, which would count each request twice."""
    for row in csv.DictReader(io.StringIO(made("jmeter-5.5.jtl"))):
        if row["label"] != "checkout":
            yield row


def test_jmeters_requests_are_counted_once() -> None:
    times = sorted(int(row["elapsed"]) for row in jmeter_requests())
    failed = sum(row["success"] == "false" for row in jmeter_requests())
    summary = read("jmeter", made("jmeter-5.5.jtl"))
    assert (summary.requests, summary.errors) == (24, failed / 24)
    assert times[11] <= (summary.p50 or 0) <= times[12]
    assert times[21] <= (summary.p95 or 0) <= times[23]


def test_jmeters_log_means_the_same_without_its_head_and_with_other_times_and_separators() -> None:
    def rewritten(row: list[str]) -> str:
        at = int(row[0])
        return ";".join([f"2026/11/27 23:{at // 60000 % 60:02}:{at / 1000 % 60:06.3f}", *row[1:]])

    rows = list(csv.reader(io.StringIO(made("jmeter-5.5.jtl"))))[1:]
    same = "\n".join(map(rewritten, rows))
    assert same[:11] == "2026/11/27 "
    assert read("jmeter", same) == read("jmeter", made("jmeter-5.5.jtl"))


@pytest.mark.parametrize(("tool", "name", "summary"), FIGURES)
def test_what_the_tools_wrote_gives_their_figures(
    tool: str, name: str, summary: LoadTestSummary
) -> None:
    found = vars(read(tool, made(name)))
    for field, value in vars(summary).items():
        assert found[field] == (value and pytest.approx(value, rel=0.001)), field


def test_every_file_made_by_a_tool_is_read() -> None:
    read_here = {"jmeter-5.5.jtl", "k6-1.1.0-printed.txt", *(name for _, name, _ in FIGURES)}
    assert read_here == {path.name for path in MADE.iterdir()}


def test_what_k6_prints_is_refused_with_what_to_send() -> None:
    with pytest.raises(BadFile, match="that k6 prints: send what --summary-export"):
        read("k6", made("k6-1.1.0-printed.txt"))


def test_the_json_of_another_tool_is_refused() -> None:
    assert json.loads(made("locust-2.47.0.json"))
    with pytest.raises(BadFile, match="no “metrics”"):
        read("k6", made("locust-2.47.0.json"))

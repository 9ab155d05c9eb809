"""Reports of load tests as tools write them: requests are counted, nothing stands for no figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Service
from practice.load_tests import registry
from practice.load_tests.base import BadFile, LoadTestSummary
from tests.practice.load_test_reports import (
    AGGREGATE,
    BESIDE,
    DISTRIBUTION,
    GATLING,
    HISTORY,
    K6_CSV,
    K6_JSON,
    K6_LISTED,
    LOCUST_JSON,
    MIXED,
    NO_MESSAGES,
    NO_PERCENTILES,
    OLDEST,
    PARENTS,
    PLUGIN,
    STATISTICS,
    SUMMARY,
    XML,
    read,
    stamped,
)

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("tool", "name", "summary"),
    [
        ("jmeter", "jmeter-transactions.jtl", LoadTestSummary(100, 100, 100, 10, 0.5, 2)),
        ("locust", "locust_old.csv", LoadTestSummary(40, None, None, 10, 0.02, 100)),
        ("locust", "locust_stats.csv", LoadTestSummary(40, 90, 120, 10, 0.02, 100)),
        ("k6", "k6-summary-export.json", LoadTestSummary(100.2, 260, None, 30.1, 0.01, 9000)),
        ("k6", "k6-handle-summary.json", LoadTestSummary(0.1, 0.26, 0.4, 30, 0.01, 9000)),
    ],
)
def test_reports_from_the_field_give_their_figures(
    tool: str, name: str, summary: LoadTestSummary
) -> None:
    assert read(tool, (CASES / name).read_text()) == summary


@pytest.mark.django_db
def test_a_posted_report_is_stored_with_its_figures_or_refused_by_field(
    checkout: Service, web: Client
) -> None:
    def posted(tool: str, name: str) -> tuple[int, dict[str, Any]]:
        content = (CASES / name).read_text()
        fields = {"service": checkout.name, "tool": tool, "scenario": name, "content": content}
        answer = web.post("/api/v1/load-tests/", fields, content_type="application/json")
        return answer.status_code, answer.json()

    figures: dict[tuple[str, str], tuple[float, float | None, int]] = {
        ("jmeter", "jmeter-transactions.jtl"): (100, 100, 2),
        ("locust", "locust_old.csv"): (40, None, 100),
        ("locust", "locust_stats.csv"): (40, 90, 100),
        ("k6", "k6-summary-export.json"): (100.2, 260, 9000),
        ("k6", "k6-handle-summary.json"): (0.1, 0.26, 9000),
    }
    for (tool, name), expected in figures.items():
        status, stored = posted(tool, name)
        assert status == 201, stored
        assert (stored["p50"], stored["p95"], stored["requests"]) == expected, name
    for tool in registry():
        status, refused = posted(tool, "empty.json")
        assert status == 400
        assert "content" in str(refused)
        assert "send" in str(refused)


FOUR = LoadTestSummary(200, 800, 800, 2, 0.25, 4)
THREE = LoadTestSummary(200, 300, 300, 2, None, 3)
"""Three requests in a second and a half."""


@pytest.mark.parametrize(
    ("tool", "content", "summary"),
    [
        pytest.param("jmeter", BESIDE, FOUR, id="jtl: transactions beside their samples"),
        pytest.param("jmeter", NO_MESSAGES, FOUR, id="jtl: without messages"),
        pytest.param(
            "jmeter", BESIDE.replace(",", ";").replace(" : 2;", " : 2,"), FOUR, id="jtl: semicolons"
        ),
        pytest.param(
            "jmeter",
            "\ufeff"
            + BESIDE.upper().replace(
                "NUMBER OF SAMPLES IN TRANSACTION", "Number of samples in transaction"
            ),
            FOUR,
            id="jtl: capital head and words",
        ),
        pytest.param("jmeter", BESIDE.partition("\n")[2], FOUR, id="jtl: no head"),
        pytest.param("jmeter", BESIDE + "1700000002", FOUR, id="jtl: stopped within a line"),
        pytest.param(
            "jmeter",
            PARENTS,
            LoadTestSummary(400, 1000, 1000, 1, 0.5, 2),
            id="jtl: parent samples only",
        ),
        pytest.param(
            "jmeter",
            MIXED,
            LoadTestSummary(400, 600, 600, 2.5, 0, 4),
            id="jtl: parent samples after a login",
        ),
        pytest.param("jmeter", XML, LoadTestSummary(200, 1200, 1200, 2, 0.25, 4), id="jtl: xml"),
        pytest.param(
            "jmeter",
            stamped("1700000000000", "1700000000600", "1700000001200"),
            THREE,
            id="milliseconds",
        ),
        pytest.param(
            "jmeter",
            stamped(
                "2026/03/01 09:59:59.900", "2026/03/01 10:00:00.500", "2026/03/01 10:00:01.100"
            ),
            THREE,
            id="slashes, year first",
        ),
        pytest.param(
            "jmeter",
            stamped("2026-03-01T10:00:00.0Z", "2026-03-01T10:00:00.6Z", "2026-03-01T10:00:01.2Z"),
            THREE,
            id="ISO 8601",
        ),
        pytest.param(
            "jmeter",
            stamped("23:59:58.000", "23:59:58.600", "23:59:59.200"),
            THREE,
            id="time of the day",
        ),
        pytest.param(
            "jmeter",
            stamped(
                "01.03.2026 10:00:00,000", "01.03.2026 10:00:00,600", "01.03.2026 10:00:01,200"
            ),
            THREE,
            id="German",
        ),
        pytest.param(
            "jmeter",
            stamped("23:59:59.000", "23:59:59.600", "00:00:00.200"),
            LoadTestSummary(200, 300, 300, None, None, 3),
            id="over midnight no rate is known",
        ),
        pytest.param(
            "jmeter",
            "elapsed,success\n10,true\n30,false\n",
            LoadTestSummary(10, 30, 30, None, 0.5, 2),
            id="no timestamps",
        ),
        pytest.param(
            "jmeter",
            AGGREGATE,
            LoadTestSummary(85, 160, 310, 8.25, 0.004, 500),
            id="aggregate report",
        ),
        pytest.param(
            "jmeter",
            PLUGIN,
            LoadTestSummary(85, 160, 310, 8.25, 0.004, 500),
            id="aggregate report of a plug-in",
        ),
        pytest.param(
            "jmeter", SUMMARY, LoadTestSummary(None, None, None, 0.5, 0.05, 60), id="summary report"
        ),
        pytest.param(
            "jmeter",
            AGGREGATE.replace("0.400%", "0.4"),
            LoadTestSummary(85, 160, 310, 8.25, None, 500),
            id="share or percentage",
        ),
        pytest.param(
            "jmeter",
            json.dumps(STATISTICS),
            LoadTestSummary(12, None, None, None, 0.025, 40),
            id="statistics in part",
        ),
        pytest.param(
            "locust",
            OLDEST,
            LoadTestSummary(30, None, None, 9, 0.1, 100),
            id="locust: failures are no requests yet",
        ),
        pytest.param(
            "locust",
            DISTRIBUTION,
            LoadTestSummary(31, 61, 81, None, None, 90),
            id="locust: distribution",
        ),
        pytest.param(
            "locust", HISTORY, LoadTestSummary(26, None, None, 5, 0.2, 100), id="locust: history"
        ),
        pytest.param(
            "locust",
            json.dumps(LOCUST_JSON),
            LoadTestSummary(10, 200, 200, 10, 0.06, 100),
            id="locust: json",
        ),
        pytest.param(
            "locust",
            NO_PERCENTILES,
            LoadTestSummary(45, None, None, 1, 0, 10),
            id="locust: no percentiles",
        ),
        pytest.param(
            "locust",
            NO_PERCENTILES.replace(",", ";"),
            LoadTestSummary(45, None, None, 1, 0, 10),
            id="locust: semicolons",
        ),
        pytest.param(
            "k6",
            K6_JSON,
            LoadTestSummary(200.5, 900.5, 900.5, 0.4, 0.25, 4),
            id="k6: points as json",
        ),
        pytest.param(
            "k6",
            K6_JSON + '\n{"metric":"http_req_dura',
            LoadTestSummary(200.5, 900.5, 900.5, 0.4, 0.25, 4),
            id="k6: stopped within a line",
        ),
        pytest.param(
            "k6", K6_CSV, LoadTestSummary(100.5, 300.5, 300.5, 0.5, 0.5, 2), id="k6: points as csv"
        ),
        pytest.param(
            "k6",
            json.dumps(K6_LISTED),
            LoadTestSummary(5, 9, 11, 2, None, 10),
            id="k6: listed metrics",
        ),
        pytest.param(
            "gatling",
            json.dumps(GATLING),
            LoadTestSummary(40, 90, None, 12.5, 0.05, 200),
            id="gatling: global",
        ),
        pytest.param(
            "gatling",
            json.dumps({"type": "GROUP", "stats": GATLING, "contents": {}}),
            LoadTestSummary(40, 90, None, 12.5, 0.05, 200),
            id="gatling: tree",
        ),
    ],
)
def test_requests_of_a_report_are_counted(
    tool: str, content: str, summary: LoadTestSummary
) -> None:
    assert read(tool, content) == summary


WHOLE = [BESIDE, XML, AGGREGATE, SUMMARY, OLDEST, HISTORY, K6_JSON, K6_CSV, json.dumps(STATISTICS),
         json.dumps(LOCUST_JSON), json.dumps(GATLING), json.dumps(K6_LISTED)]  # fmt: skip


@given(
    tool=st.sampled_from(["jmeter", "locust", "k6", "gatling"]), whole=st.sampled_from(WHOLE),
    cut=st.integers(0, 400), odd=st.text(max_size=6), at=st.integers(0, 1500),
)  # fmt: skip
def test_a_damaged_report_gives_figures_that_can_be_stored_or_is_refused(
    tool: str, whole: str, cut: int, odd: str, at: int
) -> None:
    try:
        found = read(tool, whole[:at] + odd + whole[at + cut :])
    except BadFile as error:
        assert str(error)  # noqa: PT017
        return
    figures = (found.p50, found.p95, found.p99, found.rate)
    assert all(each is None or 0 <= each < float("inf") for each in figures)
    assert found.errors is None or 0 <= found.errors <= 1
    assert found.requests is None or found.requests > 0

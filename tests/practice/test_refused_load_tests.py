"""Files that are no report of a load test, or one without figures, and what to send instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from practice.load_tests.base import BadFile
from tests.practice.load_test_reports import (
    AGGREGATE,
    HEAD,
    NO_PERCENTILES,
    XML,
    read,
    stamped,
)

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("tool", "content", "reason"),
    [
        (
            "jmeter",
            HEAD + "\n1,soon,a,200,OK,u,text,true,x\n",
            "Line 2: “elapsed” is “soon”, no milliseconds.",
        ),
        (
            "jmeter",
            HEAD + "\n1,5,a,200,OK,u,text,perhaps,x\n",
            "Line 2: “success” is “perhaps”, neither true nor false.",
        ),
        (
            "jmeter",
            stamped("noon", "noon", "noon"),
            "“timeStamp” is “noon”: set jmeter.save.saveservice.timestamp_format",
        ),
        ("jmeter", HEAD + "\n", "It holds no samples."),
        ("jmeter", "time,took,name\n1,2,a\n", "no column “elapsed”, but time, took, name."),
        ("jmeter", XML.replace("</testResults>", ""), "This is not whole XML"),
        ("jmeter", XML.replace(' t="200"', ""), "The sample “GET /b” has no time “t”"),
        (
            "jmeter",
            '<!DOCTYPE x [<!ENTITY a "b">]><testResults/>',
            "This is not whole XML|It has a DOCTYPE",
        ),
        ("jmeter", "<!DOCTYPE html><html></html>", "This is a page: send statistics.json"),
        ("jmeter", "<testResults/>", "no <httpSample>"),
        ("jmeter", AGGREGATE.replace("TOTAL", "GET /b"), "It has no line “TOTAL”, but 2 lines"),
        (
            "jmeter",
            json.dumps({"Total": {"sampleCount": 0, "medianResTime": "NaN", "errorPct": 0}}),
            "It counts no requests",
        ),
        (
            "locust",
            "Method,Name,Error,Occurrences\nGET,/a,Busy,3\n",
            "These are its failures: send run_stats.csv",
        ),
        (
            "locust",
            "Count,Message,Traceback,Nodes\n",
            "its columns are Count, Message, Traceback, Nodes: send run_stats.csv",
        ),
        (
            "locust",
            NO_PERCENTILES.replace("Aggregated,10", "Aggregated,0"),
            "It counts no requests",
        ),
        ("locust", '{"incidents": []}', "It lists no “num_requests” by name"),
        (
            "k6",
            json.dumps(
                {
                    "metrics": {
                        "http_req_duration": {"med": 0, "p(95)": 0},
                        "http_reqs": {"count": 0, "rate": 0},
                    }
                }
            ),
            "It counts no requests",
        ),
        (
            "k6",
            json.dumps({"metrics": {"grpc_req_duration": {"med": 4}}}),
            "is in its metrics, but grpc_req_duration.",
        ),
        ("k6", '{"metric":"http_reqs"\n{"metric":"http_reqs"}', "Line 1 is not JSON"),
        (
            "k6",
            "metric_name,value\nhttp_reqs,1\n",
            "Its columns are metric_name, value, without timestamp",
        ),
        ("gatling", 'var stats = {type: "GROUP"}', "This is a script: send js/global_stats.json"),
        (
            "gatling",
            json.dumps({"numberOfRequests": {"total": "0"}, "percentiles1": {"total": 0}}),
            "It counts no requests",
        ),
    ],
)
def test_a_report_without_figures_is_refused_with_what_to_send(
    tool: str, content: str, reason: str
) -> None:
    with pytest.raises(BadFile) as refused:
        read(tool, content)
    assert any(each in str(refused.value) for each in reason.split("|"))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("tool", "content", "cure"),
    [
        ("k6", "Running 30s test @ http://a\n  12 threads and 400 connections", "send what"),
        ("k6", '{"latencies": {"50th": 3, "95th": 4}, "requests": 100}', "send what"),
        (
            "k6",
            '{"aggregate": {"summaries": {"http.response_time": {"p95": 20}}}}',
            "send what --s",
        ),
        ("k6", '{"metrics": {"http_req_duration":', "send what"),
        (
            "jmeter",
            "This is ApacheBench, Version 2.3\n\nRequests per second: 15",
            "set jmeter.save",
        ),
        ("jmeter", "response-time,DNS,status-code,offset\n0.01,0.0,200,0.0\n", "set jmeter"),
        ("jmeter", '{"Total": ', "send report/statistics.json"),
        ("locust", '[{"num_requests": 3', "send run_stats.csv"),
        ("locust", "Summary:\n  Total: 2.0 secs\n", "send run_stats.csv"),
        ("gatling", "---- Global Information ----\n> request count 30", "send js/global_stats"),
    ],
)
def test_a_report_of_another_tool_or_half_of_one_is_refused_with_the_cure(
    tool: str, content: str, cure: str
) -> None:
    with pytest.raises(BadFile) as refused:
        read(tool, content)
    assert cure in str(refused.value)


@pytest.mark.parametrize("tool", ["jmeter", "locust", "k6", "gatling"])
def test_a_file_of_something_else_is_refused_in_one_sentence(tool: str) -> None:
    with pytest.raises(BadFile, match=r"^It (has|lists) no .*\w\.?$"):
        read(tool, (CASES / "empty.json").read_text())

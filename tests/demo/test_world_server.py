"""The demo world over HTTP: as Prometheus and Loki answer, and faults by `manage.py inject`."""

from __future__ import annotations

import json
import time
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from demo.world.faults import FAULTS, RAMP, Episode, Episodes
from demo.world.services import SERVICES
from demo.world.telemetry import World

ERRORS = 'sum(rate(http_requests_total{service="checkout",code="500"}[1m]))'


def get(address: str, path: str, status: int = 200, **query: Any) -> Any:
    answer = httpx.get(f"{address}{path}", params=query, timeout=10, trust_env=False)
    assert answer.status_code == status, answer.text
    return answer.json()


def inject(address: str, *words: str, **options: Any) -> str:
    out = StringIO()
    call_command("inject", *words, world=address, stdout=out, **options)
    return out.getvalue()


def errors_now(address: str) -> float:
    [row] = get(address, "/api/v1/query", query=ERRORS)["data"]["result"]
    return float(row["value"][1])


# Metrics


def test_a_range_has_one_value_for_each_step_and_none_of_the_future(address: str) -> None:
    now = time.time()
    parameters: dict[str, Any] = {"query": 'up{service="search"}', "step": "60"}
    [series] = get(address, "/api/v1/query_range", start=now - 600, end=now, **parameters)["data"][
        "result"
    ]
    assert series["metric"] == {"__name__": "up", "service": "search"}
    assert [value for _, value in series["values"]] == ["1"] * 11
    assert series["values"][1][0] - series["values"][0][0] == 60
    later = get(address, "/api/v1/query_range", start=now - 60, end=now + 3600, **parameters)
    assert max(at for at, _ in later["data"]["result"][0]["values"]) <= time.time()
    future = get(address, "/api/v1/query_range", start=now + 60, end=now + 3600, **parameters)
    assert future["data"] == {"resultType": "matrix", "result": []}


def test_the_past_reads_the_same_however_often_it_is_read(address: str) -> None:
    parameters: dict[str, Any] = {
        "query": "sum(rate(http_requests_total[5m]))",
        "time": time.time() - 3600,
    }
    assert get(address, "/api/v1/query", **parameters) == get(
        address, "/api/v1/query", **parameters
    )


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"query": "up{", "start": 0, "end": 60, "step": 60}, ""),
        ({"query": "up > 0", "start": 0, "end": 60, "step": 60}, "not supported here"),
        ({"query": "up", "start": "soon", "end": 60, "step": 60}, "could not convert"),
        ({"query": "up", "start": 0, "end": 60, "step": 0}, "division by zero"),
        ({"query": "up", "start": 0, "end": 60}, "step"),
        ({"query": "up", "start": 0, "end": 1e6, "step": 1}, "maximum resolution of 11,000"),
    ],
)
def test_a_query_it_cannot_answer_is_bad_data_with_the_reason(
    address: str, query: dict[str, Any], reason: str
) -> None:
    answer = get(address, "/api/v1/query_range", 400, **query)
    assert (answer["status"], answer["errorType"]) == ("error", "bad_data")
    assert reason in answer["error"]


def test_a_path_it_does_not_serve_is_not_found(address: str) -> None:
    assert get(address, "/api/v1/rules", 404)["status"] == "error"


# Log lines


def test_lines_are_those_of_the_service_newest_first_within_limit_and_window(address: str) -> None:
    end = time.time() - 60
    parameters: dict[str, Any] = {
        "query": '{service="search"}',
        "start": int((end - 1800) * 1e9),
        "end": int(end * 1e9),
    }
    [stream] = get(address, "/loki/api/v1/query_range", limit=20, **parameters)["data"]["result"]
    assert stream["stream"] == {"service": "search"}
    moments = [int(at) for at, _ in stream["values"]]
    assert len(moments) == 20
    assert moments == sorted(moments, reverse=True)
    assert all(parameters["start"] <= at <= parameters["end"] for at in moments)
    forward = get(address, "/loki/api/v1/query_range", limit=5, direction="forward", **parameters)
    first = [int(at) for at, _ in forward["data"]["result"][0]["values"]]
    assert first == sorted(first)
    assert first[-1] < moments[-1]


def test_a_filter_leaves_only_lines_that_contain_it(address: str) -> None:
    query = '{service="search"} |= "slow request"'
    start = int((time.time() - 3 * 3600) * 1e9)
    [stream] = get(address, "/loki/api/v1/query_range", query=query, start=start)["data"]["result"]
    assert all("slow request" in text for _, text in stream["values"])
    none = '{service="nobody"}'
    assert get(address, "/loki/api/v1/query_range", query=none)["data"]["result"] == []
    assert "parse error" in get(address, "/loki/api/v1/query_range", 400, query="rate(x)")["error"]


# Faults


def test_an_injected_fault_shows_in_metrics_and_lines_until_it_is_calmed(address: str) -> None:
    usual = errors_now(address)
    assert inject(address, "checkout", "bad-deploy") == "checkout has bad-deploy since 10 min.\n"
    assert errors_now(address) > 20 * usual
    lines = get(address, "/loki/api/v1/query_range", query='{service="checkout"} |= "NullPointer"')
    assert lines["data"]["result"]
    assert inject(address, "calm") == "Ended 1 faults.\n"
    assert inject(address, "calm") == "Ended 0 faults.\n"


def test_an_unknown_service_or_fault_lists_those_there_are_and_changes_nothing(
    address: str, episodes: Episodes
) -> None:
    for words in (("nobody", "cpu-spike"), ("checkout", "nothing"), ("checkout",)):
        with pytest.raises(CommandError) as error:
            inject(address, *words)
        said = str(error.value)
        assert "unknown service or fault" in said
        assert all(name in said for name in (*SERVICES, *FAULTS))
    assert episodes.end_all(time.time()) == 0


def test_without_a_world_inject_says_how_to_start_one() -> None:
    with pytest.raises(CommandError, match=r"does not answer\. Start it: bin/up --demo"):
        inject("http://127.0.0.1:1", "checkout", "bad-deploy")


def test_a_body_that_is_no_json_is_refused(address: str) -> None:
    answer = httpx.post(f"{address}/faults", content=b"{", trust_env=False)
    assert (answer.status_code, answer.json()) == (400, {"error": "send JSON"})


def test_faults_outlive_a_restart(tmp_path: Path) -> None:
    first = Episodes(tmp_path / "faults.json")
    first.add(Episode("search", "oom-kill", 1000.0))
    first.add(Episode("orders", "dns-failure", 1000.0, 2000.0))
    again = Episodes(tmp_path / "faults.json")
    assert again.of("search", 5000, 6000) == [Episode("search", "oom-kill", 1000.0)]
    assert again.of("orders", 5000, 6000) == []
    assert again.end_all(3000.0) == 1
    rows = json.loads((tmp_path / "faults.json").read_text())
    assert {row["service"]: row["end"] for row in rows} == {"search": 3000.0, "orders": 2000.0}


def test_a_fault_ramps_up_lasts_and_ramps_down() -> None:
    episode = Episode("search", "oom-kill", 1000.0, 2000.0)
    assert episode.force(999) == 0
    assert (
        0 < episode.force(1001) < episode.force(1000 + RAMP / 2) < episode.force(1000 + RAMP) == 1
    )
    assert episode.force(2000 + RAMP / 2) == pytest.approx(0.5)
    assert episode.force(2000 + RAMP) == 0


def test_callers_suffer_from_what_they_call_and_others_do_not(episodes: Episodes) -> None:
    import numpy as np

    times = np.array([5000.0])
    quiet = {name: World(episodes).level(name, "errors", times)[0] for name in ("orders", "search")}
    episodes.add(Episode("orders-db", "connection-leak", 4000.0))
    ill = {name: World(episodes).level(name, "errors", times)[0] for name in ("orders", "search")}
    assert ill["orders"] > 10 * quiet["orders"]
    assert ill["search"] == quiet["search"]

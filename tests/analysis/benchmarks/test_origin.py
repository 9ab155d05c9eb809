"""The comparison of ways to find an origin, on a small recorded system."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from analysis.benchmarks.comparisons.origin import METHODS, outcomes
from analysis.benchmarks.comparisons.outcomes import PRODUCT
from analysis.benchmarks.datasets import causes


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """One fault in `db`: requests through `site` wait for it, and its memory grows."""
    case = tmp_path / "telemetry" / "tiny" / "fault-1"
    case.mkdir(parents=True)
    facts = {"id": "fault-1", "at": 1000, "root_cause": {"service": "db"}, "fault": "slow"}
    (case / "case.json").write_text(json.dumps(facts))
    rows = ["time,site|memory,db|memory,mail|memory"]
    rows += [
        f"{n * 100},{50 + n % 3},{(90 if n >= 10 else 60) + n % 2},{20 + n % 3}" for n in range(15)
    ]
    spans = ["start,trace,span,parent,service,operation,duration_ms"]
    for n in range(15):
        own = 400 if n >= 10 else 4
        spans += [
            f"{n * 100},{n},1,,site,GET /,{own + 12}",
            f"{n * 100},{n},2,1,site,query,{own + 2}",
        ]
        spans += [f"{n * 100 + 0.001},{n},3,2,db,SELECT,{own}"]
    for name, lines in (("metrics", rows), ("spans", spans)):
        with gzip.open(case / f"{name}.csv.gz", "wt") as file:
            file.write("\n".join(lines))
    return tmp_path


def test_every_method_is_measured_on_every_case(recorded: Path) -> None:
    found = list(outcomes(recorded))
    assert Counter(each.figure for each in found) == {
        "AC@1": len(METHODS),
        "Avg@5": len(METHODS),
        "named": 1,
        "AC@1 of those named": 1,
    }
    assert {each.values for each in found if each.method == PRODUCT} == {(1.0,)}


def test_the_recorded_origin_is_not_read_by_the_product(recorded: Path) -> None:
    folder = recorded / "telemetry" / "tiny"
    named = list(causes(folder))
    path = folder / "fault-1" / "case.json"
    path.write_text(json.dumps({"id": "fault-1", "at": 1000}))
    assert list(causes(folder)) == named
    assert named[0]["ranked"] == ["db", "site", "mail"]
    assert "db: own time of SELECT rose from 4 ms to 400 ms" in named[0]["findings"]

"""Incident worlds: a history, its causes, and questions, for `evaluate_suggestions`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.benchmarks.datasets import read_jsonl
from analysis.similarity.calibration import Calibration, calibrate, is_new_uncalibrated
from analysis.similarity.simulation import HistoricIncident, History, simulate
from analysis.similarity.votes import Link
from analysis.similarity.weights import Document
from common.times import parse_time

SHOWN = 5
SECONDS_A_DAY = 86_400


class World:
    """The history of a set, and what was learnt from it."""

    def __init__(self, incidents: list[dict[str, Any]], causes: list[dict[str, Any]]) -> None:
        self.names = [str(cause["id"]) for cause in causes]
        numbers = {name: number for number, name in enumerate(self.names, 1)}
        documents = {n: _cause(n, row) for n, row in enumerate(causes, 1)}
        rows = sorted(incidents, key=lambda row: _days(row.get("at")) or 0.0)
        history = [
            _incident(number, row, numbers.get(str(row.get("cause_id"))))
            for number, row in enumerate(rows, 1)
        ]
        self.calibration: Calibration | None = calibrate(simulate(history, documents))
        self._history = History(history, documents)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """A line of output: whether it was refused, and causes with their confidence."""
        ballots = self._history.answer(_document(0, question), _days(question.get("at")))
        learnt = self.calibration
        refused = learnt.is_new(ballots) if learnt else is_new_uncalibrated(ballots)
        causes = [
            {
                "id": self.names[ballot.cause - 1],
                "confidence": learnt.confidence(ballots, position) if learnt else 0.0,
            }
            for position, ballot in enumerate(ballots[:SHOWN])
        ]
        return {"id": question["id"], "refused": refused, "causes": causes}


def suggestions(folder: Path) -> Iterator[dict[str, Any]]:
    """The causes suggested for each question of a set, learnt from its history alone."""
    incidents, causes = read_jsonl(folder / "incidents.jsonl"), read_jsonl(folder / "causes.jsonl")
    world = World(incidents, causes)
    for question in read_jsonl(folder / "queries.jsonl"):
        yield world.answer(question)


def _cause(number: int, row: dict[str, Any]) -> Document:
    body = "\n".join(row.get(part) or "" for part in ("what", "tell", "fix", "prevent"))
    return Document(-number, {"title": row.get("name") or "", "body": body})


def _document(key: int, row: dict[str, Any]) -> Document:
    text = {"title": row.get("title") or "", "body": row.get("symptom") or ""}
    if row.get("resolution"):
        text["resolution"] = row["resolution"]
    return Document(key, text, {"service": row.get("services") or []})


def _incident(number: int, row: dict[str, Any], cause: int | None) -> HistoricIncident:
    links = [Link(number, cause, "root", "confirmed")] if cause else []
    return HistoricIncident(_document(number, row), links, _days(row.get("at")) or 0.0)


def _days(written: Any) -> float | None:
    at = parse_time(written)
    return at.timestamp() / SECONDS_A_DAY if at else None

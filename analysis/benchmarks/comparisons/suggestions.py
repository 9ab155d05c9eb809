"""Causes suggested in incident worlds, beside a plain TF-IDF vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from analysis.benchmarks.comparisons.outcomes import PRODUCT, Outcome
from analysis.benchmarks.datasets import read_jsonl
from analysis.benchmarks.worlds import suggestions

BASELINE = "TF-IDF vote"
VOTERS, BASELINE_BAR, STATED = 15, 0.2, 0.5


def outcomes(data: Path) -> Iterator[Outcome]:
    """Of each world: hits, refusals, and whether what was stated at 50 % and more was right."""
    for world in sorted(path.parent for path in data.glob("suggest/*/queries.jsonl")):
        questions = read_jsonl(world / "queries.jsonl")
        answers = {answer["id"]: answer for answer in suggestions(world)}
        yield from _figures(world.name, PRODUCT, questions, [answers[q["id"]] for q in questions])
        yield from _figures(world.name, BASELINE, questions, list(_tfidf_vote(world, questions)))


def _figures(
    system: str, method: str, questions: list[dict[str, Any]], answers: list[dict[str, Any]]
) -> Iterator[Outcome]:
    pairs = list(zip(questions, answers, strict=True))
    known = [(question, answer) for question, answer in pairs if question["expected"]]
    other = [answer for question, answer in pairs if not question["expected"]]
    figures = {
        "right first": [_is_hit(question, answer, 1) for question, answer in known],
        "right in three": [_is_hit(question, answer, 3) for question, answer in known],
        "known refused": [answer["refused"] for _, answer in known],
        "unseen and vague refused": [answer["refused"] for answer in other],
        "right of those stated at 50 % and more": [
            _is_hit(question, answer, 1)
            for question, answer in pairs
            if not answer["refused"] and _stated(answer) >= STATED
        ],
    }
    for figure, values in figures.items():
        yield Outcome(system, figure, method, tuple(map(float, values)))


def _is_hit(question: dict[str, Any], answer: dict[str, Any], most: int) -> bool:
    return question["expected"] in [cause["id"] for cause in answer["causes"][:most]]


def _stated(answer: dict[str, Any]) -> float:
    return answer["causes"][0]["confidence"] if answer["causes"] else 0.0


def _tfidf_vote(world: Path, questions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The most similar texts vote for their cause; the similarity itself is the confidence."""
    texts = [
        (" ".join([row["title"], row["symptom"], *row["services"]]), row["cause_id"])
        for row in read_jsonl(world / "incidents.jsonl")
        if row["cause_id"]
    ]
    texts += [
        (" ".join([row["name"], row["what"], row["tell"]]), row["id"])
        for row in read_jsonl(world / "causes.jsonl")
    ]
    model = TfidfVectorizer(sublinear_tf=True)
    stored = model.fit_transform([text for text, _ in texts])
    for question in questions:
        words = " ".join([question["title"], question["symptom"], *question["services"]])
        likeness = (stored @ model.transform([words]).T).toarray().ravel()
        votes: dict[str, float] = defaultdict(float)
        for at in np.argsort(-likeness)[:VOTERS]:
            votes[texts[at][1]] += float(likeness[at])
        best = sorted(votes.items(), key=lambda vote: -vote[1])[:5]
        ranked = [{"id": cause, "confidence": min(1.0, score)} for cause, score in best]
        yield {"refused": bool(likeness.max() < BASELINE_BAR), "causes": ranked}

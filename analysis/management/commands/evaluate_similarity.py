from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.benchmarks.command import EvaluateCommand
from analysis.benchmarks.datasets import similarity
from analysis.suggestions.semantic_channel import embedder


def evaluate(folder: Path) -> Iterator[dict[str, Any]]:
    return similarity(folder, embedder())


class Command(EvaluateCommand):
    help = "Rank the documents of a set for each of its queries."
    evaluate = staticmethod(evaluate)
    input_name = "SET_DIR"

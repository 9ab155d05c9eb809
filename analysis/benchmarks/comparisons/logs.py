"""Grouping accuracy of log templates on files of lines whose template is known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from analysis.benchmarks.comparisons.outcomes import PRODUCT, Outcome
from analysis.benchmarks.datasets import read_jsonl, templates

_DIGITS = re.compile(r"\d+")


def rightly_grouped(truth: Sequence[Hashable], found: Sequence[Hashable]) -> tuple[float, ...]:
    """For each line 1 where it is grouped with exactly the lines that it belongs with, else 0.

    The mean is the grouping accuracy of Zhu et al. ("Tools and benchmarks for automated log
    parsing", ICSE 2019).
    """
    true_groups: dict[Hashable, set[int]] = defaultdict(set)
    found_groups: dict[Hashable, set[int]] = defaultdict(set)
    for number, (true, given) in enumerate(zip(truth, found, strict=True)):
        true_groups[true].add(number)
        found_groups[given].add(number)
    right = [0.0] * len(truth)
    for members in found_groups.values():
        if true_groups[truth[min(members)]] == members:
            for number in members:
                right[number] = 1.0
    return tuple(right)


def _digits_masked(lines: list[str]) -> list[Hashable]:
    return [_DIGITS.sub("0", line) for line in lines]


def _drain(lines: list[str]) -> list[Hashable]:
    """Drain3 as it comes; each line has the cluster that it was given when it was read."""
    miner = import_module("drain3").TemplateMiner()
    return [miner.add_log_message(line)["cluster_id"] for line in lines]


def outcomes(data: Path) -> Iterator[Outcome]:
    """Grouping accuracy of each file of lines in `logs`, one value a line."""
    baselines: dict[str, Callable[[list[str]], list[Hashable]]] = {"digits masked": _digits_masked}
    if find_spec("drain3"):
        baselines["drain3"] = _drain
    for path in sorted((data / "logs").glob("*.jsonl")):
        rows = read_jsonl(path)
        lines, truth = [row["content"] for row in rows], [row["event_id"] for row in rows]
        found: dict[str, Sequence[Hashable]] = {
            PRODUCT: [row["template_id"] for row in templates(path)]
        }
        found |= {name: group(lines) for name, group in baselines.items()}
        for method, groups in found.items():
            yield Outcome(path.stem, "grouping accuracy", method, rightly_grouped(truth, groups))

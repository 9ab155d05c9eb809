"""Prometheus rules of an objective: recorded ratios, what is left, multi-window burn alerts.

Short windows are recorded from the queries themselves, long ones from what was recorded: a query
over four weeks of raw series would be too dear to ask every minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from practice.core.error_budget import burn_alerts

WINDOWS = {
    "5m": 300,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "6h": 21_600,
    "1d": 86_400,
    "3d": 259_200,
}
_NAMES = {seconds: name for name, seconds in WINDOWS.items()}


@dataclass(frozen=True)
class Objective:
    """What rules are made of. `target` is a ratio; queries hold `$window` where a range goes."""

    key: str
    service: str
    name: str
    target: float
    window_days: int
    counts: str
    """"bad" or "good": what `numerator` counts"""
    numerator: str
    total: str


def bad_and_total(objective: Objective, window: str = "5m") -> tuple[str, str]:
    """Two queries: bad events and all events a second. Without an error so far, none is bad."""
    part, total = (
        f"sum({text.strip().replace('$window', window)})"
        for text in (objective.numerator, objective.total)
    )
    part = f"({part} or 0 * {total})"
    return (part if objective.counts == "bad" else f"{total} - {part}"), total


def rules(objectives: Iterable[Objective]) -> str:
    """A rule file that `promtool check rules` accepts."""
    groups = [_group(objective) for objective in objectives]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True, width=10_000)


def _group(objective: Objective) -> dict[str, Any]:
    labels = {"slo": objective.key, "service": objective.service}
    mine = "{slo=" + json.dumps(objective.key, ensure_ascii=False) + "}"
    bad, total = bad_and_total(objective)
    allowed = f"{1 - objective.target:.10f}".rstrip("0")

    def record(name: str, expression: str) -> dict[str, Any]:
        return {"record": f"causebook:slo_{name}", "expr": expression, "labels": labels}

    def over(window: str) -> str:
        return (
            f"sum_over_time(causebook:slo_bad:rate5m{mine}[{window}]) "
            f"/ (sum_over_time(causebook:slo_total:rate5m{mine}[{window}]) > 0)"
        )

    found = [record("total:rate5m", total), record("bad:rate5m", bad)]
    found.append(
        record(
            "error:ratio5m",
            f"causebook:slo_bad:rate5m{mine} / (causebook:slo_total:rate5m{mine} > 0)",
        )
    )
    found += [record(f"error:ratio{name}", over(name)) for name in WINDOWS if name != "5m"]
    whole = f"{objective.window_days}d"
    found.append(record("error:ratio_window", over(whole)))
    found.append(
        record("budget_left:ratio", f"1 - causebook:slo_error:ratio_window{mine} / {allowed}")
    )
    return {
        "name": f"causebook-slo-{objective.key}",
        "rules": found + _alerts(objective, mine, allowed, labels),
    }


def _alerts(
    objective: Objective, mine: str, allowed: str, labels: dict[str, str]
) -> list[dict[str, Any]]:
    by_severity: dict[str, list[str]] = {}
    for alert in burn_alerts(objective.window_days * 86_400):
        least = f"{alert.factor:g} * {allowed}"
        both = " and ".join(
            f"causebook:slo_error:ratio{_NAMES[seconds]}{mine} >= {least}"
            for seconds in (alert.short, alert.long)
        )
        by_severity.setdefault(alert.severity, []).append(f"({both})")
    return [
        {
            "alert": f"ErrorBudgetBurn{severity.title()}",
            "expr": " or ".join(conditions),
            "labels": {**labels, "severity": severity},
            "annotations": {
                "summary": f"{objective.service}: {objective.name} burns its error budget too fast",
            },
        }
        for severity, conditions in by_severity.items()
    ]

"""Prometheus rules of an objective: recorded ratios, what is left, multi-window burn alerts.

The shortest window is recorded from the queries themselves, longer ones from what was recorded: to
query four weeks of raw series every minute would cost too much.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
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
    """What rules are generated from. `target` is a ratio; queries have `$window` as the range."""

    key: str
    service: str
    name: str
    target: float
    window: timedelta
    counts: str
    """"bad" or "good": what `numerator` counts"""
    numerator: str
    total: str


def bad_and_total(objective: Objective, window: str = "5m") -> tuple[str, str]:
    """Two queries: bad and all events per second. Without any error series, none is bad."""
    counted, total = (
        f"sum({text.strip().replace('$window', window)})"
        for text in (objective.numerator, objective.total)
    )
    counted = f"({counted} or 0 * {total})"
    bad = counted if objective.counts == "bad" else f"{total} - {counted}"
    return bad, total


def _duration(window: timedelta) -> str:
    """As Prometheus writes it: whole days, else whole hours."""
    hours = window // timedelta(hours=1)
    return f"{hours}h" if hours % 24 else f"{window.days}d"


def rules(objectives: Iterable[Objective]) -> str:
    """The text of a rule file that `promtool check rules` accepts."""
    groups = [_group(objective) for objective in objectives]
    text: str = yaml.safe_dump(
        {"groups": groups}, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text


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

    five_minutes = f"causebook:slo_bad:rate5m{mine} / (causebook:slo_total:rate5m{mine} > 0)"
    budget_left = f"1 - causebook:slo_error:ratio_window{mine} / {allowed}"
    recorded = [
        record("total:rate5m", total),
        record("bad:rate5m", bad),
        record("error:ratio5m", five_minutes),
        *(record(f"error:ratio{name}", over(name)) for name in WINDOWS if name != "5m"),
        record("error:ratio_window", over(_duration(objective.window))),
        record("budget_left:ratio", budget_left),
    ]
    return {
        "name": f"causebook-slo-{objective.key}",
        "rules": recorded + _alerts(objective, mine, allowed, labels),
    }


def _alerts(
    objective: Objective, mine: str, allowed: str, labels: dict[str, str]
) -> list[dict[str, Any]]:
    by_severity: dict[str, list[str]] = {}
    for alert in burn_alerts(objective.window.total_seconds()):
        threshold = f"{alert.factor:g} * {allowed}"
        both = " and ".join(
            f"causebook:slo_error:ratio{_NAMES[seconds]}{mine} >= {threshold}"
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

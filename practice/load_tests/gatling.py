"""Gatling: the statistics beside its report."""

from __future__ import annotations

from typing import Any

from common.payloads import dig
from practice.load_tests.base import (
    BadFile,
    LoadTestReader,
    LoadTestSummary,
    checked,
    json_report,
    number,
    share_of_one,
    whole,
)

SEND = "send js/global_stats.json or js/stats.json of the report's folder"


class Gatling(LoadTestReader):
    kind = "gatling"
    title = "Gatling statistics (JSON)"
    example = "gatling -s Simulation: target/gatling/…/js/global_stats.json"

    def read(self, content: str) -> LoadTestSummary:
        content = content.lstrip("\ufeff\r\n\t ")
        if content.startswith("var "):
            raise BadFile(f"This is a script: {SEND}.")
        data = json_report(content, SEND)
        total = dig(data, "stats", data) if isinstance(data, dict) else None
        if not isinstance(total, dict) or not isinstance(total.get("numberOfRequests"), dict):
            raise BadFile(f"It has no “numberOfRequests”: {SEND}.")
        count = _figure(total, "numberOfRequests.total")
        # The percentiles that Gatling reports unless gatling.conf says otherwise: 50, 75, 95, 99.
        return checked(
            LoadTestSummary(
                p50=_figure(total, "percentiles1.total"),
                p95=_figure(total, "percentiles3.total"),
                p99=_figure(total, "percentiles4.total"),
                rate=_figure(total, "meanNumberOfRequestsPerSecond.total"),
                errors=share_of_one(_figure(total, "numberOfRequests.ko"), count),
                requests=whole(count),
            ),
            f"It has no figures in “total”: {SEND}.",
        )


def _figure(total: dict[str, Any], path: str) -> float | None:
    """Gatling writes a dash where it has none."""
    return number(dig(total, path))

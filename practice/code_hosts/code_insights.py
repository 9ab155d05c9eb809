"""What both kinds of Bitbucket share: build statuses, and reports of Code Insights."""

from __future__ import annotations

from typing import Any, ClassVar

from practice.code_hosts.base import CodeHostPlugin, CommitResult, Figure, clipped, percent


class CodeInsightsHost(CodeHostPlugin):
    most_figures: ClassVar[int]
    """that a report may have"""
    verdicts: ClassVar[tuple[str, str]]
    """of a report: passed, failed"""

    def report_of(self, result: CommitResult) -> dict[str, Any]:
        return {
            "title": clipped(result.name, 450),
            "details": clipped(result.details, 2000),
            "reporter": "Causebook",
            "result": self.verdicts[0 if result.passed else 1],
            "link": result.link,
            "data": [_shown(figure) for figure in result.figures[: self.most_figures]],
        }

    def status_of(self, result: CommitResult) -> dict[str, Any]:
        return {
            "key": result.key,
            "state": "SUCCESSFUL" if result.passed else "FAILED",
            "name": clipped(result.name, 255),
            "description": clipped(result.summary, 255),
            "url": result.link,
        }


def _shown(figure: Figure) -> dict[str, Any]:
    if figure.unit == "ms":
        return {"title": figure.label, "type": "DURATION", "value": round(figure.value)}
    if figure.unit == "share":
        return {"title": figure.label, "type": "PERCENTAGE", "value": percent(figure.value)}
    return {"title": figure.label, "type": "NUMBER", "value": round(figure.value, 1)}

"""What is new or bursts in a service's log, against a profile of what it wrote on earlier days.

A profile holds, by template, the highest count of any window on each of the last days. A count is a
burst when it is above all of them by more than chance makes counts differ (two standard deviations
of a Poisson count), so that what happens every night is no burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.core.log_templates import (
    TemplateCount,
    count_templates,
    possible_templates,
    reports_error,
    template_id,
)

WINDOW = 600.0
"""Seconds of one window; counts of longer ones are scaled to it."""
DAYS = 7
MOST_TEMPLATES = 500
"""Templates of one profile. Of more, those that were not seen for longest are dropped."""
DAY = 86_400
Profile = dict[str, dict[str, Any]]
"""By id of a template: "days", the highest count by day since 1970, and "last", epoch seconds."""


@dataclass(frozen=True)
class Unusual:
    """A template that is "new" or a "burst"; counts are per window, `at` its first line."""

    kind: str
    id: str
    template: str
    example: str
    count: int
    usual: int
    at: float
    error: bool


def read_window(
    profile: Profile, lines: Sequence[tuple[float, str]], start: float, end: float
) -> list[Unusual]:
    """What the lines of a window have that the profile does not; errors and large counts first."""
    found = []
    for count, known, per_window in _counted(profile, lines, start, end):
        usual = max(known["days"].values()) if known else 0
        if known and per_window - 2 * per_window**0.5 <= usual:
            continue
        found.append(
            Unusual(
                "burst" if known else "new",
                count.id,
                count.template,
                count.example,
                round(per_window),
                usual,
                count.first_after,
                reports_error(count.template),
            )
        )
    return sorted(found, key=lambda each: (not each.error, -each.count, each.id))


def learn_window(
    profile: Profile, lines: Sequence[tuple[float, str]], start: float, end: float
) -> Profile:
    """The profile with a window added, without what is older than DAYS."""
    today = int(end // DAY)
    learnt = {
        key: {**row, "days": days}
        for key, row in profile.items()
        if (days := {day: most for day, most in row["days"].items() if int(day) > today - DAYS})
    }
    for count, known, per_window in _counted(learnt, lines, start, end):
        row = known if known is not None else learnt.setdefault(count.id, {"days": {}, "last": 0})
        most = row["days"].get(str(today), 0)
        row["days"] = {**row["days"], str(today): max(most, round(per_window))}
        row["last"] = max(row["last"], count.last)
    newest = sorted(learnt, key=lambda key: learnt[key]["last"], reverse=True)
    return {key: learnt[key] for key in newest[:MOST_TEMPLATES]}


def _counted(
    profile: Profile, lines: Sequence[tuple[float, str]], start: float, end: float
) -> list[tuple[TemplateCount, dict[str, Any] | None, float]]:
    """Templates of the lines, what is known of them, and how often they occur in one window."""
    scale = WINDOW / max(end - start, 1.0)
    return [
        (count, _known(profile, count), count.after * min(1.0, scale))
        for count in count_templates(lines, float("-inf"))
    ]


def _known(profile: Profile, count: TemplateCount) -> dict[str, Any] | None:
    """What a template may have been merged into among other lines is known as that."""
    ids = (count.id, *map(template_id, possible_templates(count.example)))
    return next((profile[each] for each in ids if each in profile), None)

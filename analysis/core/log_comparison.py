"""The log lines of two incidents side by side: templates of both, of the one, of the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analysis.core.log_templates import (
    TemplateCount,
    mask,
    merged,
    template_id,
    unusual_templates,
)


@dataclass(frozen=True)
class PlacedLine:
    """A line with where it was written and seconds since the fault may have begun (< 0: before)."""

    where: str
    at: float
    text: str


@dataclass
class Side:
    """What a template did in one incident; `kind` is new, burst or silent, or empty if ordinary."""

    before: int = 0
    since: int = 0
    example: str = ""
    kind: str = ""
    score: float = 0.0
    where: set[str] = field(default_factory=set)


@dataclass
class ComparedTemplate:
    id: str
    template: str
    then: Side = field(default_factory=Side)
    now: Side = field(default_factory=Side)

    @property
    def unusual(self) -> bool:
        return bool(self.then.kind or self.now.kind)

    @property
    def example(self) -> str:
        return self.now.example or self.then.example

    @property
    def where(self) -> str:
        """Where it was written, in words; both, where they differ."""
        now, then = (", ".join(sorted(side.where)) for side in (self.now, self.then))
        return f"{now}; then {then}" if now and then and now != then else now or then


@dataclass(frozen=True)
class LogComparison:
    """Templates by where they occurred since the fault began, the most unusual first."""

    both: list[ComparedTemplate]
    only_then: list[ComparedTemplate]
    only_now: list[ComparedTemplate]


def compare_logs(then: Sequence[PlacedLine], now: Sequence[PlacedLine]) -> LogComparison:
    """Templates of two incidents. What is one template is decided among the lines of both."""
    masks: dict[str, str] = {}
    for line in (*then, *now):
        if line.text not in masks:
            masks[line.text] = mask(line.text)
    chosen = merged(masks.values())
    rows: dict[str, ComparedTemplate] = {}
    for name, lines in (("then", then), ("now", now)):
        for line in lines:
            template = chosen[masks[line.text]]
            row = rows.setdefault(template, ComparedTemplate(template_id(template), template))
            _count(getattr(row, name), line)
        _mark_unusual(rows.values(), name, lines)
    ordered = sorted(
        rows.values(), key=lambda row: (-(row.then.score + row.now.score), row.template)
    )
    return LogComparison(
        [row for row in ordered if row.then.since and row.now.since],
        [row for row in ordered if row.then.since and not row.now.since],
        [row for row in ordered if row.now.since and not row.then.since],
    )


def _count(side: Side, line: PlacedLine) -> None:
    side.where.add(line.where)
    if line.at < 0:
        side.before += 1
        side.example = side.example or line.text
        return
    if not side.since:
        side.example = line.text
    side.since += 1


def _mark_unusual(rows: Iterable[ComparedTemplate], name: str, lines: Sequence[PlacedLine]) -> None:
    if not lines:
        return
    sides = {row.template: getattr(row, name) for row in rows}
    counts = [
        TemplateCount(template, template, side.before, side.since, 0.0, side.example)
        for template, side in sides.items()
    ]
    before = max(0.0, -min(line.at for line in lines))
    since = max(0.0, max(line.at for line in lines))
    for found in unusual_templates(counts, before, since, most=len(counts)):
        sides[found.count.template].kind = found.kind
        sides[found.count.template].score = found.score

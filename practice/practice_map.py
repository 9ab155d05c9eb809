"""The practice map: verdicts of the organisation and of teams, and how the map is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from common.svg_graph import box, edge
from practice.models import Practice, Verdict

SIGNS = {"adopted": "✓", "not-now": "◷", "no": "✗", "": "?"}
"""Colour is never the only sign."""
WIDE, HIGH, GAP, LETTER = 210, 26, 8, 6.6


@dataclass
class Node:
    practice: Practice
    verdict: Verdict | None
    """the team's own, else the organisation's"""
    own: bool
    parts: list[Node] = field(default_factory=list)

    @property
    def word(self) -> str:
        return self.verdict.word if self.verdict else ""

    @property
    def due(self) -> bool:
        day = self.verdict.review_on if self.verdict else None
        return bool(day and day <= timezone.now().date())

    @property
    def sign(self) -> str:
        return SIGNS[self.word]


def the_map(team: str = "") -> list[Node]:
    """The roots of the map with their parts below them. Two queries."""
    verdicts: dict[int, Verdict] = {}
    own = set()
    for verdict in Verdict.objects.filter(team__in={"", team}).order_by("team"):
        verdicts[verdict.practice_id] = verdict
        if verdict.team == team:
            own.add(verdict.practice_id)
    nodes = {
        each.pk: Node(each, verdicts.get(each.pk), each.pk in own)
        for each in Practice.objects.all()
    }
    roots: list[Node] = []
    for node in nodes.values():
        parent = nodes.get(node.practice.parent_id or 0)
        (parent.parts if parent else roots).append(node)
    return roots


def leaves(nodes: list[Node]) -> list[Node]:
    """The practices that a verdict is given on: those without parts."""
    return [leaf for node in nodes for leaf in (leaves(node.parts) if node.parts else [node])]


@transaction.atomic
def decide(
    practice: Practice, team: str, word: str, note: str, review_on: date | None, author: Any
) -> Verdict:
    """A verdict of a team, or of the organisation without one. Raises ValidationError by field."""
    if word in ("no", "not-now") and not note.strip():
        raise ValidationError({"note": "Say why: somebody will ask again."})
    found = Verdict.objects.filter(practice=practice, team=team).first()
    verdict = found or Verdict(practice=practice, team=team)
    verdict.word, verdict.note, verdict.review_on = word, note.strip(), review_on
    verdict.author = author
    verdict.full_clean(exclude=["author"])
    verdict.save()
    return verdict


def drawn(roots: list[Node], title: str, team: str) -> SafeString:
    """The map as SVG: the title in the middle, branches to both sides, every leaf a link."""
    if not roots:
        return mark_safe("")
    # Each branch goes to the side that has fewer leaves so far.
    sides: tuple[list[Node], list[Node]] = ([], [])
    for root in roots:
        fewer = min(sides, key=lambda side: len(leaves(side)))
        fewer.append(root)
    rows = max(len(leaves(side)) + len(side) for side in sides)
    height = rows * (HIGH + GAP)
    middle = WIDE // 2 + 40 + (WIDE - 60) + (WIDE + 10) + 4
    width = 2 * middle
    parts = [
        f'<svg class="chain map" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="group" aria-label={quoteattr(f"Practice map of {title}")}>'
    ]
    boxes = [_box(middle - WIDE // 2, height // 2 - 18, 36, title, "core", "")]
    for side, nodes in zip((-1, 1), sides, strict=True):
        y = (height - (len(leaves(nodes)) + len(nodes)) * (HIGH + GAP)) / 2
        near = middle + side * (WIDE // 2 + 40)
        far = near + side * (WIDE - 60)
        for node in nodes:
            under = leaves([node])
            centre = y + (len(under) * (HIGH + GAP) - GAP) / 2
            start = middle + side * WIDE // 2
            parts.append(edge(start, height / 2, near, centre))
            x = near if side > 0 else near - (WIDE - 90)
            boxes.append(
                _box(x, centre - HIGH / 2, HIGH, node.practice.name, "branch", "", WIDE - 90)
            )
            for place, leaf in enumerate(under):
                at = y + place * (HIGH + GAP)
                begin = near + side * (WIDE - 90)
                parts.append(edge(begin, centre, far, at + HIGH / 2))
                left = far if side > 0 else far - (WIDE + 10)
                words = f"{leaf.sign} {leaf.practice.name}{' ⟳' if leaf.due else ''}"
                path = reverse("practice:practice", args=[leaf.practice.pk])
                address = f"{path}?{urlencode({'team': team})}" if team else path
                kind = f"verdict-{leaf.word or 'open'}"
                boxes.append(_box(left, at, HIGH, words, kind, address, WIDE + 10))
            y += (len(under) + 1) * (HIGH + GAP)
    # Boxes over lines.
    return mark_safe("".join([*parts, *boxes, "</svg>"]))  # noqa: S308  (every text is escaped)


def _box(x: float, y: float, high: int, words: str, kind: str, path: str, wide: int = WIDE) -> str:
    return box(x, y, wide, high, words, kind, path, most=int(wide / LETTER))

"""The practice map: verdicts of the organisation and of teams, and the map as SVG."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common import svg
from common.svg_graph import box, edge
from practice.models import Practice, Verdict

SIGNS = {"adopted": "✓", "not-now": "◷", "no": "✗", "": "?"}
"""So that colour is never the only sign."""
BOX_WIDTH, BOX_HEIGHT, GAP = 210, 26, 8
BRANCH_WIDTH, LEAF_WIDTH = BOX_WIDTH - 90, BOX_WIDTH + 10
TITLE_HEIGHT = 36
TO_BRANCH, TO_LEAF = 40, BOX_WIDTH - 60
"""Pixels from the title's box to the branches, and from where a branch begins to its leaves."""
LETTER_WIDTH = 6.6


@dataclass
class Node:
    """A practice on the map as one team sees it."""

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
        """Whether the day of its next review has come."""
        day = self.verdict.review_on if self.verdict else None
        return bool(day and day <= timezone.now().date())

    @property
    def sign(self) -> str:
        return SIGNS[self.word]


def map_of(team: str = "") -> list[Node]:
    """The roots of the map with their parts below them. Two queries."""
    verdicts: dict[int, Verdict] = {}
    own = set()
    # The organisation's verdicts come first; the team's own replace them.
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
    """The practices without parts: those that verdicts are about."""
    return [leaf for node in nodes for leaf in (leaves(node.parts) if node.parts else [node])]


@transaction.atomic
def set_verdict(
    practice: Practice, team: str, word: str, note: str, review_on: date | None, author: User | None
) -> Verdict:
    """Write the verdict of a team, or of the organisation (empty `team`).

    Raises ValidationError by field.
    """
    if word in ("no", "not-now") and not note.strip():
        raise ValidationError({"note": _("Give the reason: somebody will want to know it.")})
    verdict = Verdict.objects.filter(practice=practice, team=team).first()
    verdict = verdict or Verdict(practice=practice, team=team)
    verdict.word, verdict.note, verdict.review_on = word, note.strip(), review_on
    verdict.author = author
    verdict.full_clean(exclude=["author"])
    verdict.save()
    return verdict


def map_as_svg(roots: list[Node], title: str, team: str, label: str) -> SafeString:
    """The title in the middle, branches to both sides, every leaf a link to its page."""
    if not roots:
        return svg.NOTHING
    sides = _balanced(roots)
    rows = max(len(leaves(side)) + len(side) for side in sides)
    height = rows * (BOX_HEIGHT + GAP)
    centre = BOX_WIDTH // 2 + TO_BRANCH + TO_LEAF + LEAF_WIDTH + 4
    lines: list[SafeString] = []
    top = height // 2 - TITLE_HEIGHT // 2
    boxes = [_box(centre - BOX_WIDTH // 2, top, TITLE_HEIGHT, BOX_WIDTH, title, "core")]
    for direction, nodes in zip((-1, 1), sides, strict=True):
        y = (height - (len(leaves(nodes)) + len(nodes)) * (BOX_HEIGHT + GAP)) / 2
        for node in nodes:
            _draw_branch(node, team, centre, direction, y, height / 2, lines, boxes)
            y += (len(leaves([node])) + 1) * (BOX_HEIGHT + GAP)
    return svg.drawing(
        *lines,
        *boxes,
        label=label,
        width=2 * centre,
        height=height,
        interactive=True,
        fixed_size=True,
        class_="chain map",
    )


def _balanced(roots: list[Node]) -> tuple[list[Node], list[Node]]:
    """Left and right: each branch goes to the side that has fewer leaves so far."""
    sides: tuple[list[Node], list[Node]] = ([], [])
    for root in roots:
        min(sides, key=lambda side: len(leaves(side))).append(root)
    return sides


def _draw_branch(
    node: Node,
    team: str,
    centre: int,
    direction: int,
    top: float,
    title_y: float,
    lines: list[SafeString],
    boxes: list[SafeString],
) -> None:
    """Add a branch and its leaves, which begin at `top`, on one side of the title."""
    below = leaves([node])
    middle = top + (len(below) * (BOX_HEIGHT + GAP) - GAP) / 2
    title_x = centre + direction * BOX_WIDTH // 2
    near = centre + direction * (BOX_WIDTH // 2 + TO_BRANCH)
    far = near + direction * TO_LEAF
    lines.append(edge(title_x, title_y, near, middle))
    left = near if direction > 0 else near - BRANCH_WIDTH
    name = node.practice.name
    boxes.append(_box(left, middle - BOX_HEIGHT / 2, BOX_HEIGHT, BRANCH_WIDTH, name, "branch"))
    for number, leaf in enumerate(below):
        y = top + number * (BOX_HEIGHT + GAP)
        lines.append(edge(near + direction * BRANCH_WIDTH, middle, far, y + BOX_HEIGHT / 2))
        left = far if direction > 0 else far - LEAF_WIDTH
        words = f"{leaf.sign} {leaf.practice.name}{' ⟳' if leaf.due else ''}"
        path = reverse("practice:practice", args=[leaf.practice.pk])
        path = f"{path}?{urlencode({'team': team})}" if team else path
        css_class = f"verdict-{leaf.word or 'open'}"
        boxes.append(_box(left, y, BOX_HEIGHT, LEAF_WIDTH, words, css_class, path))


def _box(
    x: float, y: float, height: int, width: int, words: str, css_class: str, path: str = ""
) -> SafeString:
    return box(x, y, width, height, words, css_class, path, letters=int(width / LETTER_WIDTH))

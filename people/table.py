"""The table of acts and roles, as the documentation shows it."""

from __future__ import annotations

from collections.abc import Iterator

from people.acts import ACTS, Act
from people.models import LADDER, Role

ROLES = [*LADDER, Role.AUDITOR]


def cell(act: Act, role: Role) -> str:
    """`yes`, `own` for what their teams own only, or nothing."""
    if not act.allowed_to(role):
        return ""
    return "own teams" if act.of_team and not role.is_at_least(Role.MANAGER) else "yes"


def table_lines() -> Iterator[str]:
    """Markdown: one row for each act."""
    yield "| act | permission | " + " | ".join(str(role.label) for role in ROLES) + " |"
    yield "|---|---|" + "---|" * len(ROLES)
    for act in sorted(ACTS.values(), key=lambda each: each.name):
        cells = " | ".join(cell(act, role) for role in ROLES)
        yield f"| {act.title} | `{act.name}` | {cells} |"

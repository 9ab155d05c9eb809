"""Acts: the things that a person may do, each with the role that includes it.

Every package declares its acts in its `permissions.py`. An act is named like a Django permission,
so that administrators may also grant it to one of Django's groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from common.language import Text
from people.models import Role

ACTS: dict[str, Act] = {}
"""All acts by name, in the order of their declaration."""


@dataclass(frozen=True)
class Act:
    name: str
    """app_label.codename"""
    title: Text = field(hash=False)
    """What is done, as in “Your roles do not let you …”: edit services."""
    role: Role
    """The first role of the ladder that includes it."""
    of_team: bool = False
    """The record belongs to a team: below a manager, only its members and those with a role for
    that team may."""
    auditor: bool = False
    """An auditor may too, as it changes nothing."""

    def __str__(self) -> str:
        return self.name

    def allowed_to(self, role: str) -> bool:
        """Whether a role that is held everywhere includes it, at least for records of own teams."""
        if role == Role.AUDITOR:
            return self.auditor
        return Role(role).is_at_least(self.role)

    @property
    def configures(self) -> bool:
        """It takes a manager or a higher role, and a token of the scope `admin` without a team."""
        return self.role.is_at_least(Role.MANAGER)


def declare(
    name: str, title: Text, role: Role, *, of_team: bool = False, auditor: bool = False
) -> Act:
    act = Act(name, title, role, of_team, auditor)
    if ACTS.setdefault(name, act) != act:
        raise ValueError(f"The act {name} is declared twice.")
    return act

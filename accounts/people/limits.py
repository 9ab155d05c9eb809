"""What even administrators may not do: rise above themselves."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from people.models import Role, RoleGrant, Team

RANKS = {
    Role.VIEWER: 1,
    Role.RESPONDER: 2,
    Role.EDITOR: 3,
    Role.MANAGER: 4,
    # An auditor reads what is private.
    Role.AUDITOR: 5,
    Role.ADMINISTRATOR: 6,
}


def rank(person: User) -> int:
    """How far the roles of a person go that they have everywhere."""
    if person.is_superuser:
        return RANKS[Role.ADMINISTRATOR]
    grants = RoleGrant.objects.filter(user=person, team=None).values_list("role", flat=True)
    return max((RANKS[Role(role)] for role in grants), default=0)


def require_may_give(by: User, role: str, team: Team | None = None) -> None:
    """Raises PermissionDenied for a role above one's own, ValidationError for one of no use."""
    name = Role(role).label
    if role in (Role.ADMINISTRATOR, Role.AUDITOR) and team is not None:
        problem = _("%(role)s is a role for everything: choose no team.")
        raise ValidationError({"team": ValidationError(problem, params={"role": name})})
    if RANKS[Role(role)] > rank(by):
        refused = _("You cannot give the role {role}: it is above yours.")
        raise PermissionDenied(format_lazy(refused, role=name))


def require_may_change(by: User, person: User) -> None:
    """Raises PermissionDenied for the account of somebody with more rights."""
    if rank(person) > rank(by):
        refused = _("You cannot change {person}, whose role is above yours.")
        raise PermissionDenied(format_lazy(refused, person=person))

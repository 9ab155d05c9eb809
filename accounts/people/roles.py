"""Assign roles by hand, and end them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.people.invitations import withdraw_invitations_of
from accounts.people.limits import require_may_change, require_may_give
from people.membership import an_administrator_remains, forget_roles, give_role
from people.models import Role, RoleGrant, Team
from people.permissions import MANAGE_PEOPLE, may, require


def assign_role(person: User, role: str, team: Team | None, by: User) -> RoleGrant:
    """Raises PermissionDenied for a role, or a person, above `by`."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    require_may_give(by, role, team)
    return give_role(person, role, team)


def end_role(grant: RoleGrant, by: User) -> None:
    """Raises ValidationError where that takes the identity provider, or another administrator."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, grant.user)
    if grant.provider:
        raise ValidationError(
            _("%(provider)s assigned this role: change the person's groups there, or the rule."),
            params={"provider": grant.provider},
        )
    own = grant.user_id == by.pk and grant.role == Role.ADMINISTRATOR and grant.team_id is None
    if own:
        raise ValidationError(_("This is your own role: ask another administrator to end it."))
    with an_administrator_remains():
        grant.delete()
        forget_roles(grant.user)
        if not may(grant.user, MANAGE_PEOPLE):
            # Nobody comes in by somebody who may not invite any more.
            withdraw_invitations_of(grant.user)

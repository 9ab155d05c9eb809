"""Who has which roles and teams: assign by hand, or as an identity provider says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from people.models import Account, GroupRule, Membership, Role, RoleGrant, Team


def forget_roles(user: Any) -> None:
    """Let the next question about this user object read the database again."""
    for name in ("_grants", "_teams", "_perm_cache", "_user_perm_cache", "_group_perm_cache"):
        user.__dict__.pop(name, None)


def give_role(user: User, role: str, team: Team | None = None) -> RoleGrant:
    """Assign a role by hand; the same one twice is one."""
    grant, _ = RoleGrant.objects.get_or_create(user=user, role=Role(role), team=team, provider="")
    forget_roles(user)
    return grant


def join_team(user: User, team: Team) -> Membership:
    """Make somebody a member by hand, also where an identity provider did so before."""
    membership, _ = Membership.objects.update_or_create(
        user=user, team=team, defaults={"provider": ""}
    )
    forget_roles(user)
    return membership


def is_service_account(user: User) -> bool:
    """Whether it is a program: it has tokens and cannot sign in."""
    return Account.objects.filter(user=user, service_account=True).exists()


@transaction.atomic
def apply_groups(user: User, provider: str, groups: Iterable[str]) -> None:
    """Give the roles and teams of the groups of a sign-in, and end others that it gave before.

    A rule with role and team gives the role for what that team owns. What was assigned by hand, or
    by another sign-in, stays.
    """
    names = set(groups)
    rules = GroupRule.objects.filter(Q(provider=provider) | Q(provider=""), group__in=names)
    roles = {(rule.role, rule.team_id) for rule in rules if rule.role}
    teams = {rule.team_id for rule in rules if rule.team_id}
    for grant in RoleGrant.objects.filter(user=user, provider=provider):
        if (grant.role, grant.team_id) in roles:
            roles.remove((grant.role, grant.team_id))
        else:
            grant.delete()
    for role, team_id in roles:
        RoleGrant.objects.create(user=user, role=role, team_id=team_id, provider=provider)
    Membership.objects.filter(user=user, provider=provider).exclude(team__in=teams).delete()
    for team_id in teams:
        Membership.objects.get_or_create(
            user=user, team_id=team_id, defaults={"provider": provider}
        )
    forget_roles(user)

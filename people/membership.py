"""Who has which roles and teams: assign by hand, or as an identity provider says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.language import Text
from people import audit
from people.models import Account, GroupRule, Invitation, Membership, Role, RoleGrant, Team


def forget_roles(user: Any) -> None:
    """Let the next question about this user object read the database again."""
    for name in ("_grants", "_teams", "_perm_cache", "_user_perm_cache", "_group_perm_cache"):
        # The user of a request is a proxy: its own __dict__ has none of these.
        with suppress(AttributeError):
            delattr(user, name)


def give_role(user: User, role: str, team: Team | None = None) -> RoleGrant:
    """Assign a role by hand; the same one twice is one."""
    grant, _created = RoleGrant.objects.get_or_create(
        user=user, role=Role(role), team=team, provider=""
    )
    forget_roles(user)
    return grant


def join_team(user: User, team: Team) -> Membership:
    """Make somebody a member by hand, also where an identity provider did so before."""
    membership, _created = Membership.objects.update_or_create(
        user=user, team=team, defaults={"provider": ""}
    )
    forget_roles(user)
    return membership


def is_service_account(user: User) -> bool:
    """Whether it is a program: it has tokens and cannot sign in."""
    return Account.objects.filter(user=user, service_account=True).exists()


def active_people() -> QuerySet[User]:
    """Those who can sign in, without programs."""
    programs = Account.objects.filter(user=OuterRef("pk"), service_account=True)
    return User.objects.filter(~Exists(programs), is_active=True)


def administrators() -> QuerySet[User]:
    """Active people who may manage people."""
    everywhere = RoleGrant.objects.filter(
        user=OuterRef("pk"), role=Role.ADMINISTRATOR, team__isnull=True
    )
    return active_people().filter(Q(is_superuser=True) | Exists(everywhere))


def open_invitations() -> QuerySet[Invitation]:
    """Those that can still be accepted."""
    return Invitation.objects.filter(
        accepted_at=None, revoked_at=None, expires_at__gt=timezone.now()
    )


class LastAdministrator(ValidationError):
    """What was tried would leave nobody who can manage people."""

    def __init__(self, names: list[str]) -> None:
        self.names = ", ".join(names)
        super().__init__(
            _(
                "This is the last active administrator, %(names)s: give somebody else that role "
                "first."
            ),
            params={"names": self.names},
        )


@contextmanager
def an_administrator_remains() -> Iterator[None]:
    """Undo what is done inside if it leaves no active administrator.

    Raises LastAdministrator then, and records that in the audit log. Everything that can take an
    account or a role from an administrator happens in here.
    """
    try:
        with transaction.atomic():
            # Two administrators who end each other's role at one moment wait for one another.
            rows = administrators().order_by("pk").select_for_update(no_key=True)
            before = list(rows.values_list("username", flat=True))
            yield
            if before and not administrators().exists():
                raise LastAdministrator(before)
    except LastAdministrator as error:
        audit.record("last_administrator.stays", name=error.names)
        raise


def _end_grant(grant: RoleGrant) -> bool:
    """End a role that no group gives any more; False if its person is the last administrator."""
    if grant.role != Role.ADMINISTRATOR or grant.team_id is not None:
        grant.delete()
        return True
    try:
        with an_administrator_remains():
            grant.delete()
    except LastAdministrator:
        return False
    return True


@transaction.atomic
def apply_groups(user: User, provider: str, groups: Iterable[str]) -> Text:
    """Give the roles and teams of the groups of a sign-in, and end others that it gave before.

    A rule with role and team gives the role for what that team owns. What was assigned by hand, or
    by another sign-in, stays. So does the role of the last administrator: then a sentence for that
    person is returned.
    """
    names = set(groups)
    rules = GroupRule.objects.filter(Q(provider=provider) | Q(provider=""), group__in=names)
    rules = rules.select_related("team")
    team_of = {rule.team_id: rule.team for rule in rules}
    roles = {(rule.role, rule.team_id) for rule in rules if rule.role}
    teams = {rule.team_id for rule in rules if rule.team_id}
    sentence: Text = ""
    for grant in RoleGrant.objects.filter(user=user, provider=provider):
        if (grant.role, grant.team_id) in roles:
            roles.remove((grant.role, grant.team_id))
        elif not _end_grant(grant):
            sentence = _(
                "Your groups no longer make you an administrator here. You still are one, as "
                "nobody else is: give somebody that role."
            )
    for role, team_id in roles:
        RoleGrant.objects.get_or_create(
            user=user, role=role, team=team_of[team_id], provider=provider
        )
    Membership.objects.filter(user=user, provider=provider).exclude(team__in=teams).delete()
    for team_id in teams:
        Membership.objects.get_or_create(
            user=user, team_id=team_id, defaults={"provider": provider}
        )
    forget_roles(user)
    return sentence

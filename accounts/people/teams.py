"""Create, rename and delete teams; add and remove members."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.models import ApiToken
from incidents.tokens import revoke
from kb.models import ChannelRule, NotificationRule
from people.membership import forget_roles, join_team
from people.models import GroupRule, Membership, Team
from people.permissions import MANAGE_PEOPLE, require
from practice.models import Verdict


@transaction.atomic
def save_team(
    team: Team, by: User, name: str | None = None, description: str | None = None
) -> Team:
    """Create or edit a team. What names it as text follows a new name. Raises ValidationError."""
    require(by, MANAGE_PEOPLE)
    before = team.name
    if name is not None:
        team.name = " ".join(name.split())
    if description is not None:
        team.description = description.strip()
    team.full_clean()
    team.save()
    if before and before != team.name:
        _follow_name(before, team.name)
    return team


def _follow_name(before: str, after: str) -> None:
    for rule in NotificationRule.objects.filter(team__iexact=before):
        rule.team = after
        rule.save(update_fields=["team"])
    # Verdicts of a former team of the new name count for that practice already.
    of_before = Verdict.objects.filter(team=before)
    decided = Verdict.objects.filter(team=after).values("practice_id")
    for verdict in of_before.exclude(practice__in=decided):
        verdict.team = after
        verdict.save()


@dataclass(frozen=True)
class Deletion:
    """What the deletion of a team ends."""

    services: int
    members: int
    roles: int
    tokens: int
    channel_rules: int
    group_rules: int


def what_deletion_ends(team: Team) -> Deletion:
    return Deletion(
        services=team.services.count(),
        members=team.memberships.count(),
        roles=team.role_grants.count(),
        tokens=ApiToken.objects.filter(team=team, revoked_at=None).count(),
        channel_rules=NotificationRule.objects.filter(team__iexact=team.name).count()
        + ChannelRule.objects.filter(team=team).count(),
        group_rules=GroupRule.objects.filter(team=team).count(),
    )


@transaction.atomic
def delete_team(team: Team, by: User) -> None:
    """Its services are owned by nobody then; tokens limited to it end."""
    require(by, MANAGE_PEOPLE)
    for service in team.services.all():
        # Saved one by one, so that the history of each says so.
        service.owner = None
        service.save()
    # Those that such a token created end too, although they may be of no team.
    revoke(ApiToken.objects.filter(team=team))
    team.delete()


def add_member(team: Team, person: User, by: User) -> Membership:
    require(by, MANAGE_PEOPLE)
    if not person.is_active:
        problem = ValidationError(_("%(person)s was deactivated."), params={"person": person})
        raise ValidationError({"person": problem})
    return join_team(person, team)


def remove_member(membership: Membership, by: User) -> None:
    """Raises ValidationError if the identity provider made them a member."""
    require(by, MANAGE_PEOPLE)
    if membership.provider:
        raise ValidationError(
            _(
                "%(provider)s put %(person)s in this team: change the person's groups there, or "
                "the rule."
            ),
            params={"provider": membership.provider, "person": membership.user},
        )
    membership.delete()
    forget_roles(membership.user)

"""The list of people: search it by words, role, team and state."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.sign_in.second_factor import KINDS
from people.models import Account, Role, RoleGrant
from people.permissions import MANAGE_PEOPLE, require

STATES = {
    "active": _("Active"),
    "deactivated": _("Deactivated"),
    "service": _("Service accounts"),
    "never": _("Never signed in"),
}


def everybody(by: User) -> QuerySet[User]:
    """All accounts with roles and teams, by name."""
    require(by, MANAGE_PEOPLE)
    people = User.objects.select_related("account").order_by("username")
    return people.prefetch_related("role_grants__team", "team_memberships__team")


def search(people: QuerySet[User], words: str) -> QuerySet[User]:
    words = words.replace("\x00", "").strip()[:100]
    for word in words.split()[:10]:
        people = people.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )
    return people


def with_role(people: QuerySet[User], role: str) -> QuerySet[User]:
    """Those with a role, everywhere or for a team; all for a word that is no role."""
    if role not in Role.values:
        return people
    granted = Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=role))
    administrator = Q(is_superuser=True) if role == Role.ADMINISTRATOR else Q(pk=None)
    return people.filter(Q(granted) | administrator)


def in_state(people: QuerySet[User], state: str) -> QuerySet[User]:
    """Those in one of STATES; all for any other word."""
    programs = Exists(Account.objects.filter(user=OuterRef("pk"), service_account=True))
    if state == "active":
        return people.filter(~programs, is_active=True)
    if state == "deactivated":
        return people.filter(is_active=False)
    if state == "service":
        return people.filter(programs)
    if state == "never":
        return people.filter(~programs, is_active=True, last_login=None)
    return people


def with_second_factor(keys: list[int]) -> set[int]:
    """Which of these people have a second factor."""
    rows = Authenticator.objects.filter(user__in=keys, type__in=KINDS)
    return set(rows.values_list("user_id", flat=True))

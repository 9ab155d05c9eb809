"""Service accounts: programs that own tokens, so that none of them ends with a person."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.people.limits import require_may_change, require_may_give
from incidents.models import ApiToken
from incidents.tokens import create_token
from people.membership import give_role, is_service_account
from people.models import Account, Role, Team
from people.permissions import MANAGE_PEOPLE, MANAGE_TOKENS, require


@transaction.atomic
def create_service_account(
    name: str, by: User, role: str = Role.VIEWER, team: Team | None = None
) -> User:
    """An account that has tokens and cannot sign in. Raises ValidationError by field."""
    require(by, MANAGE_PEOPLE)
    require_may_give(by, role, team)
    person = User(username=name.strip())
    person.set_unusable_password()
    if User.objects.filter(username__iexact=person.username).exists():
        raise ValidationError({"name": _("There is an account of this name.")})
    try:
        person.full_clean(exclude=["password"])
    except ValidationError as error:
        raise ValidationError({"name": error.messages}) from error
    person.save()
    Account.objects.update_or_create(
        user=person, defaults={"service_account": True, "created_by": by}
    )
    give_role(person, role, team)
    return person


def create_service_token(
    owner: User,
    by: User,
    name: str,
    scope: str = "read",
    team: Team | None = None,
    days: int | None = None,
    with_token: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """A token of a service account and its text; people create their own tokens themselves."""
    require(by, MANAGE_TOKENS)
    require_may_change(by, owner)
    if not is_service_account(owner):
        raise ValidationError(_("Only the person creates tokens that act as them."))
    if not owner.is_active:
        raise ValidationError(_("This account was deactivated."))
    return create_token(owner, name, scope, team, days, by=by, with_token=with_token)

"""Who may create an account: those who were invited, and those of a listed mail domain."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people.membership import give_role, join_team, open_invitations
from people.models import Account, Invitation, Role

VALID_FOR = timedelta(days=3)


def digest(token: str) -> str:
    # The token is 256 random bits: a slow hash would protect nothing.
    return hashlib.sha256(token.encode()).hexdigest()


def of_listed_domain(email: str) -> bool:
    return email.rpartition("@")[2].lower() in settings.SIGN_UP_DOMAINS


def open_invitation(email: str) -> Invitation | None:
    """The newest invitation of this address that can still be accepted."""
    return open_invitations().filter(email__iexact=email).first() if email else None


def may_sign_up(provider: str, email: str, *, verified: bool) -> bool:
    """Whether somebody new whom an identity provider vouches for gets an account here."""
    if provider in settings.SIGN_UP_PROVIDERS:
        return True
    return verified and (of_listed_domain(email) or open_invitation(email) is not None)


def invite_oneself(email: str) -> tuple[Invitation, str] | None:
    """An invitation to the owner of an address of a listed domain, and its token.

    None for other domains, and for whom there is an account already.
    """
    if not of_listed_domain(email) or User.objects.filter(email__iexact=email).exists():
        return None
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email, role=Role.VIEWER, digest=digest(token), expires_at=timezone.now() + VALID_FOR
    )
    return invitation, token


def find_invitation(token: str) -> Invitation | None:
    """The invitation with this token, if it can still be accepted."""
    found = Invitation.objects.filter(digest=digest(token)).first()
    return found if found and found.is_open else None


@transaction.atomic
def accept(invitation: Invitation, user: User) -> None:
    """Record that `user` accepted it, and give what it promised. Raises ValidationError."""
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not locked.is_open:
        raise ValidationError(_("This invitation was used, withdrawn, or has expired."))
    locked.accepted_at, locked.accepted_by = timezone.now(), user
    locked.save(update_fields=["accepted_at", "accepted_by"])
    give_role(user, locked.role)
    if locked.team:
        join_team(user, locked.team)


@transaction.atomic
def create_invited(invitation: Invitation, username: str, password: str) -> User:
    """The account of somebody who opened the link of their invitation.

    Raises ValidationError by field.
    """
    user = User(username=username.strip(), email=invitation.email)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error}) from error
    user.set_password(password)
    user.full_clean()
    if User.objects.filter(username__iexact=user.username).exists():
        raise ValidationError({"username": _("Somebody has this username already.")})
    user.save()
    Account.objects.create(user=user)
    # The link came to this address.
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    accept(invitation, user)
    return user

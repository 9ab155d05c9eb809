"""Invite people by a link; whoever has it creates their own account."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.people.limits import require_may_give
from common.site_url import public_url
from people.membership import give_role, join_team
from people.models import Invitation, Team
from people.permissions import MANAGE_PEOPLE, may, require

LIFETIME = timedelta(days=7)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        accepted_at=None, revoked_at=None, expires_at__gt=timezone.now()
    )


def _send(invitation: Invitation, by: User) -> str:
    """Give the invitation a new secret; mail its link where a mail server is set. Returns it."""
    text = secrets.token_urlsafe(32)
    invitation.digest = _digest(text)
    invitation.invited_by = by
    invitation.expires_at = timezone.now() + LIFETIME
    invitation.full_clean()
    invitation.save()
    link = public_url() + reverse("accounts:accept", args=[text])
    if settings.EMAIL_HOST:
        body = f"{by} invites you to Causebook. Create your account within 7 days:\n\n{link}\n"
        transaction.on_commit(
            lambda: send_mail(
                "Your invitation to Causebook", body, None, [invitation.email], fail_silently=True
            )
        )
    return link


@transaction.atomic
def invite(email: str, role: str, team: Team | None, by: User) -> tuple[Invitation, str]:
    """An invitation and its link, which is not stored.

    The role counts everywhere; they become a member of the team. Raises ValidationError by field,
    and PermissionDenied for a role above that of `by`.
    """
    require(by, MANAGE_PEOPLE)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError({"email": error.messages}) from error
    require_may_give(by, role)
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError({"email": "There is an account with this address."})
    if open_invitations().filter(email__iexact=email).exists():
        raise ValidationError({"email": "They are invited already: send that one again."})
    invitation = Invitation(email=email, role=role, team=team)
    return invitation, _send(invitation, by)


@transaction.atomic
def send_again(invitation: Invitation, by: User) -> str:
    """A new link for 7 more days; the former one ends. Raises ValidationError if it is closed."""
    require(by, MANAGE_PEOPLE)
    require_may_give(by, invitation.role)
    if invitation.accepted_at or invitation.revoked_at:
        raise ValidationError("It was accepted or revoked: invite them anew.")
    return _send(invitation, by)


def revoke_invitation(invitation: Invitation, by: User) -> None:
    require(by, MANAGE_PEOPLE)
    if invitation.accepted_at:
        raise ValidationError("It was accepted: deactivate the account instead.")
    if invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])


def withdraw_invitations_of(person: User) -> None:
    """Close the open invitations of somebody who leaves, or may not invite any more."""
    for invitation in open_invitations().filter(invited_by=person):
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])


def _still_counts(invitation: Invitation) -> bool:
    """Whether who invited could do so now: nobody comes in by somebody who has left."""
    by = invitation.invited_by
    if not invitation.is_open or by is None or not by.is_active or not may(by, MANAGE_PEOPLE):
        return False
    try:
        require_may_give(by, invitation.role)
    except PermissionDenied:
        return False
    return True


def find_invitation(text: str) -> Invitation | None:
    """The open invitation of a link."""
    rows = Invitation.objects.select_related("invited_by", "team")
    found = rows.filter(digest=_digest(text)).first()
    return found if found and _still_counts(found) else None


def invitation_for(email: str) -> Invitation | None:
    """The open invitation of a proven address, for those who sign up by single sign-on."""
    rows = open_invitations().select_related("invited_by", "team")
    found = rows.filter(email__iexact=email).first()
    return found if found and _still_counts(found) else None


@transaction.atomic
def accept(invitation: Invitation, person: User) -> None:
    """Give a new account what it was invited with. Raises ValidationError the second time."""
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not _still_counts(locked):
        raise ValidationError("This invitation is not open any more: ask for another.")
    locked.accepted_at = timezone.now()
    locked.accepted_by = person
    locked.save(update_fields=["accepted_at", "accepted_by"])
    give_role(person, locked.role)
    if locked.team:
        join_team(person, locked.team)


@transaction.atomic
def create_invited_account(text: str, username: str, full_name: str, password: str) -> User:
    """The account of whoever has the link. Raises ValidationError by field."""
    invitation = find_invitation(text)
    if invitation is None:
        raise ValidationError("This invitation is not open any more: ask for another.")
    first, _, last = full_name.strip().partition(" ")
    person = User(
        username=username.strip(), email=invitation.email, first_name=first[:150],
        last_name=last.strip()[:150],
    )  # fmt: skip
    if User.objects.filter(username__iexact=person.username).exists():
        raise ValidationError({"username": "There is an account of this name."})
    person.set_password(password)
    person.full_clean()
    person.save()
    accept(invitation, person)
    return person


def waiting_invitations() -> QuerySet[Invitation]:
    """Neither accepted nor revoked: open ones, and those that have expired."""
    rows = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    return rows.select_related("invited_by", "team")

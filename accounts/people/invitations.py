"""Invite people by a link; accounts/sign_in/sign_up.py creates the accounts of who accept."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.people.limits import require_may_give
from accounts.sign_in.sign_up import digest, open_invitation
from common.site_url import public_url
from people.membership import open_invitations
from people.models import Invitation, Team
from people.permissions import MANAGE_PEOPLE, require

LIFETIME = timedelta(days=7)


def _send(invitation: Invitation, by: User) -> str:
    """Give the invitation a new secret; mail its link where a mail server is set. Returns it."""
    text = secrets.token_urlsafe(32)
    invitation.digest = digest(text)
    invitation.invited_by = by
    invitation.expires_at = timezone.now() + LIFETIME
    invitation.full_clean()
    invitation.save()
    link = public_url() + reverse("accept-invitation", args=[text])
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
        raise ValidationError({"email": error}) from error
    require_may_give(by, role)
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError({"email": _("There is an account with this address.")})
    if open_invitation(email):
        raise ValidationError({"email": _("They are invited already: send that one again.")})
    invitation = Invitation(email=email, role=role, team=team)
    return invitation, _send(invitation, by)


@transaction.atomic
def send_again(invitation: Invitation, by: User) -> str:
    """A new link for 7 more days; the former one ends. Raises ValidationError if it is closed."""
    require(by, MANAGE_PEOPLE)
    require_may_give(by, invitation.role)
    if invitation.accepted_at or invitation.revoked_at:
        raise ValidationError(_("It was accepted or revoked: invite them anew."))
    return _send(invitation, by)


def revoke_invitation(invitation: Invitation, by: User) -> None:
    require(by, MANAGE_PEOPLE)
    if invitation.accepted_at:
        raise ValidationError(_("It was accepted: deactivate the account instead."))
    if invitation.revoked_at is None:
        _revoke(invitation)


def _revoke(invitation: Invitation) -> None:
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])


def withdraw_invitations_of(person: User) -> None:
    """Close the open invitations of somebody who leaves, or may not invite any more."""
    for invitation in open_invitations().filter(invited_by=person):
        _revoke(invitation)


def waiting_invitations() -> QuerySet[Invitation]:
    """Neither accepted nor revoked: open ones, and those that have expired."""
    rows = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    return rows.select_related("invited_by", "team")

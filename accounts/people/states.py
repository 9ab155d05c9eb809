"""Deactivate and reactivate accounts, end sessions, and reset passwords."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.people.invitations import withdraw_invitations_of
from accounts.people.limits import an_administrator_remains, require_may_change
from common.site_url import public_url
from incidents.models import ApiToken
from incidents.tokens import revoke
from people.models import Account
from people.permissions import MANAGE_PEOPLE, require


def is_service_account(person: User) -> bool:
    return Account.objects.filter(user=person, service_account=True).exists()


def deactivate(person: User, by: User) -> None:
    """End the account, its sessions, tokens and open invitations; its records stay.

    Raises ValidationError for oneself and for the last active administrator.
    """
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    if person.pk == by.pk:
        raise ValidationError("This is your own account: ask another administrator.")
    with an_administrator_remains():
        person.is_active = False
        person.save(update_fields=["is_active"])
        revoke(ApiToken.objects.filter(user=person))
        withdraw_invitations_of(person)
        _end_sessions(person)


def reactivate(person: User, by: User) -> None:
    """Let somebody sign in again. Sessions and tokens of before stay ended."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    person.is_active = True
    person.save(update_fields=["is_active"])


def _sessions_of(person: User) -> list[str]:
    # The rows of sessions do not name the person; an administrator does this rarely.
    live = Session.objects.filter(expire_date__gt=timezone.now())
    return [
        row.session_key
        for row in live.iterator(chunk_size=2000)
        if row.get_decoded().get("_auth_user_id") == str(person.pk)
    ]


def _end_sessions(person: User) -> int:
    keys = _sessions_of(person)
    Session.objects.filter(session_key__in=keys).delete()
    return len(keys)


def end_sessions(person: User, by: User) -> int:
    """Sign a person out everywhere; returns of how many sessions."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    return _end_sessions(person)


def session_count(person: User) -> int:
    return len(_sessions_of(person))


def reset_path(person: User) -> str:
    """The address of a page that lets whoever has it choose a new password, once."""
    key = urlsafe_base64_encode(force_bytes(person.pk))
    made: Any = default_token_generator.make_token(person)
    return reverse("accounts:choose-password", args=[key, made])


@transaction.atomic
def reset_password(person: User, by: User) -> str:
    """Mail a link to choose a new password; without a mail server, return the link.

    Raises PermissionDenied for somebody with more rights: the link is as good as their password.
    """
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    if person.is_superuser and not by.is_superuser:
        raise PermissionDenied(f"You cannot reset the password of {person}, who is a superuser.")
    if is_service_account(person) or not person.is_active:
        raise ValidationError("This account cannot sign in: it needs no password.")
    link = public_url() + reset_path(person)
    if not (settings.EMAIL_HOST and person.email):
        return link
    text = f"Choose a new password for {person}:\n\n{link}\n\nThe link works once.\n"
    send_mail("Your password", text, None, [person.email], fail_silently=True)
    return ""

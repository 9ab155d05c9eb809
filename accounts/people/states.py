"""Deactivate and reactivate accounts, end sessions, and reset passwords."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.people.invitations import withdraw_invitations_of
from accounts.people.limits import require_may_change
from accounts.sign_in import sessions
from common.site_url import public_url
from incidents.models import ApiToken
from incidents.tokens import revoke
from people import audit
from people.membership import an_administrator_remains, is_service_account
from people.permissions import MANAGE_PEOPLE, require


def deactivate(person: User, by: User) -> None:
    """End the account, its sessions, tokens and open invitations; its records stay.

    Raises ValidationError for oneself and for the last active administrator.
    """
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    if person.pk == by.pk:
        raise ValidationError(_("This is your own account: ask another administrator."))
    with an_administrator_remains():
        person.is_active = False
        person.save(update_fields=["is_active"])
        revoke(ApiToken.objects.filter(user=person))
        withdraw_invitations_of(person)
        end_all_sessions(person)


def reactivate(person: User, by: User) -> None:
    """Let somebody sign in again. Sessions and tokens of before stay ended."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    person.is_active = True
    person.save(update_fields=["is_active"])


def end_all_sessions(person: User) -> int:
    """Of how many sessions; the caller has checked who may."""
    ended = sessions.end_sessions(person)
    # The list has those that were used since it exists; the rows themselves name no person.
    live = Session.objects.filter(expire_date__gt=timezone.now())
    unlisted = [
        row.session_key
        for row in live.iterator(chunk_size=2000)
        if row.get_decoded().get("_auth_user_id") == str(person.pk)
    ]
    Session.objects.filter(session_key__in=unlisted).delete()
    return ended + len(unlisted)


def end_sessions(person: User, by: User) -> int:
    """Sign a person out everywhere; returns of how many sessions."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    audit.record("sessions.ended", person)
    return end_all_sessions(person)


def _require_may_help(by: User, person: User) -> None:
    """Raises PermissionDenied where helping somebody to sign in could be signing in as them."""
    require(by, MANAGE_PEOPLE)
    require_may_change(by, person)
    if person.is_superuser and not by.is_superuser:
        problem = _("You cannot do this for {person}, who is a superuser.")
        raise PermissionDenied(format_lazy(problem, person=person))
    if is_service_account(person) or not person.is_active:
        raise ValidationError(_("This account cannot sign in: it needs no password."))


def _reset_link(person: User) -> str:
    """The address of a page that lets whoever has it choose a new password, once."""
    names = {
        "uidb36": user_pk_to_url_str(person),
        "key": default_token_generator.make_token(person),
    }
    return public_url() + reverse("account_reset_password_from_key", kwargs=names)


def reset_password(person: User, by: User) -> str:
    """Mail a link to choose a new password; without a mail server, return the link.

    Raises PermissionDenied for somebody with more rights: the link is as good as their password.
    """
    _require_may_help(by, person)
    if not settings.PASSWORD_SIGN_IN:
        raise ValidationError(_("Passwords are switched off here: people use single sign-on."))
    link = _reset_link(person)
    audit.record("password_reset.link_made", person)
    if not (settings.EMAIL_HOST and person.email):
        return link
    text = f"Choose a new password for {person}:\n\n{link}\n\nThe link works once.\n"
    send_mail("Your password", text, None, [person.email], fail_silently=True)
    return ""


def remove_second_factors(person: User, by: User) -> None:
    """For who lost them; their sessions end, so that the next sign-in is a new one."""
    _require_may_help(by, person)
    end_second_factors(person)


def end_second_factors(person: User) -> None:
    """All of them, and all sessions; the caller has checked who may."""
    with transaction.atomic():
        for authenticator in Authenticator.objects.filter(user=person):
            authenticator.delete()
        end_all_sessions(person)

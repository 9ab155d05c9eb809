"""What the audit log records of accounts and of signing in and out."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from people.audit import record, watch

_SHOWN_OF_UNKNOWN = 3


def watch_models() -> None:
    watch(User, always=True, secret={"password"}, ignored={"last_login", "date_joined"})
    watch(Group, always=True)
    watch(EmailAddress, always=True)
    watch(Authenticator, always=True, secret={"data"}, ignored={"last_used_at"})
    watch(SocialAccount, always=True, secret={"extra_data"}, ignored={"last_login"})


@receiver(user_logged_in)
def signed_in(sender: Any, user: User, **_: Any) -> None:
    record("sign_in.succeeded", user, actor=user)


@receiver(user_logged_out)
def signed_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        record("sign_out", user, actor=user)


@receiver(user_login_failed)
def sign_in_failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    given = str(credentials.get("username") or credentials.get("email") or "")
    given = given.replace("\x00", "")[:150]
    person = User.objects.filter(username=given).first() if given else None
    if person is None and "@" in given:
        person = User.objects.filter(email__iexact=given).first()
    # A name that nobody has may be a password that was typed into the wrong field.
    name = given[:_SHOWN_OF_UNKNOWN] + "…" if person is None and given else ""
    record("sign_in.failed", person, name=name)

"""People whom a proxy in front signs in, by a header."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.models import User

from accounts.sign_in import sign_up
from accounts.sign_in.groups import clean_groups
from common.language import Text
from people.membership import apply_groups, is_service_account

PROVIDER = "proxy"


def is_trusted(address: str) -> bool:
    """Whether the request came from one of the addresses in PROXY_ADDRESSES."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        # A connection by Unix socket has no address: list it as `unix`.
        return not address and "unix" in settings.PROXY_ADDRESSES
    return any(
        caller in ipaddress.ip_network(each, strict=False)
        for each in settings.PROXY_ADDRESSES
        if each != "unix"
    )


def person_named(headers: Mapping[str, str]) -> User | None:
    """The person whom the headers of a trusted proxy name; None if they have no account here.

    Somebody new gets one where sign-up allows it.
    """
    username = headers.get(settings.PROXY_USER_HEADER, "").strip()[:150]
    if not username:
        return None
    email = headers.get(settings.PROXY_EMAIL_HEADER or "-", "").strip()[:254]
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        if not sign_up.may_sign_up(PROVIDER, email, verified=True):
            return None
        user = User.objects.create_user(username, email)
        if invitation := sign_up.open_invitation(email):
            sign_up.accept(invitation, user)
    if not user.is_active or is_service_account(user):
        return None
    return user


def apply_header_groups(user: User, headers: Mapping[str, str]) -> Text:
    """A sentence for the person where a role stays that no group gives; else empty."""
    if not settings.PROXY_GROUPS_HEADER:
        return ""
    return apply_groups(user, PROVIDER, clean_groups(headers.get(settings.PROXY_GROUPS_HEADER, "")))

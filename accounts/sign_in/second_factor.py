"""Who needs a second factor: a code from an app, or a passkey."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User

from people.models import Role, RoleGrant

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_one(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=KINDS).exists()


def is_required(user: User) -> bool:
    """Whether the setting REQUIRE_SECOND_FACTOR includes this person."""
    if settings.REQUIRE_SECOND_FACTOR == "all":
        return True
    if settings.REQUIRE_SECOND_FACTOR == "none":
        return False
    grants = RoleGrant.objects.filter(user=user, role=Role.ADMINISTRATOR)
    return user.is_superuser or grants.exists()

"""Who needs a second factor: a code from an app, or a passkey."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from common.sealing import SealedColumn
from people.models import Role, RoleGrant

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
SEALED = SealedColumn(Authenticator, "data", keys=("secret", "seed"))
"""Where apps and recovery codes have theirs; passkeys have none."""
UNREADABLE = _(
    "Codes cannot be checked: this server has another SECRET_KEY than when yours were stored. Use "
    "a passkey. Or ask whoever runs the server to put the former key into SECRET_KEY_FALLBACKS, "
    "or an administrator to remove your second factor."
)


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

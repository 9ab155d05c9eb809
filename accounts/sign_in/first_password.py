"""The generated password of the first administrator, and other passwords to be changed."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from people import audit
from people.models import Account

FIRST_USER = "admin"


def stored() -> Path:
    """Where bin/up writes the generated password."""
    return Path(settings.DATA_DIR) / "first-password"


def must_change(user: User) -> bool:
    return Account.objects.filter(user=user, must_change_password=True).exists()


def require_change(user: User) -> None:
    Account.objects.update_or_create(user=user, defaults={"must_change_password": True})


def changed(user: User) -> None:
    """The person chose a password: nothing asks for it any more, and the file is of no use."""
    audit.update(Account.objects.filter(user=user), must_change_password=False)
    if user.get_username() == FIRST_USER:
        stored().unlink(missing_ok=True)

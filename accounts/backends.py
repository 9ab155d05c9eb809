"""Ways to check a password besides the username with the one stored here."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from accounts.sign_in import directory

AWAY = "directory_is_away"
"""Set on a request for which the directory had no answer, so that the page can say so."""
log = logging.getLogger(__name__)


class EmailBackend(AuthenticationBackend):
    """An email address in place of the username. Permissions are another backend's matter."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return False


class LdapBackend(BaseBackend):
    """The password that an LDAP directory has."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None,
        password: str | None = None, **credentials: Any,
    ) -> User | None:  # fmt: skip
        if not settings.LDAP_URL or not username or not password:
            return None
        try:
            entry = directory.find(username, password)
        except directory.Unavailable as error:
            log.error("The LDAP directory does not answer: %s", error)
            if request is not None:
                setattr(request, AWAY, True)
            return None
        if entry is None:
            return None
        say = log.warning if request is None else partial(messages.warning, request)
        return directory.person_of(entry, say)

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()

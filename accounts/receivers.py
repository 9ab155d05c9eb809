"""What happens when somebody signed in, or changed how they do."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import (
    password_changed,
    password_reset,
    password_set,
)  # fmt: skip
from allauth.account.signals import (
    user_logged_in as came_by_library,
)
from allauth.socialaccount.models import SocialLogin
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.adapters import SingleSignOnAdapter
from accounts.push_cookie import device_of
from accounts.sign_in import first_password, groups, second_factor, sessions
from incidents.push import devices
from people.membership import apply_groups

MUST = "must"
"""In the session: the one thing its person has to do before anything else."""
CHANGE_PASSWORD, ADD_FACTOR = "change_password", "add_second_factor"


@receiver(user_logged_in)
def start_session(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    sessions.start(request.session)
    if device := device_of(request):
        devices.signed_in(user, device, request.session.session_key or "")
    request.session.pop(MUST, None)
    if first_password.must_change(user):
        request.session[MUST] = CHANGE_PASSWORD


@receiver(user_logged_out)
def end_notifications(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    """Whoever uses this browser next reads nothing of what its last person may see."""
    device = device_of(request)
    if user is not None and device:
        devices.remove(user, device)


@receiver(came_by_library)
def finish_sign_in(
    sender: Any, request: HttpRequest, user: User, sociallogin: SocialLogin | None = None, **_: Any
) -> None:
    if sociallogin is not None:
        # The identity provider decides on the password and the second factor.
        request.session.pop(MUST, None)
        provider = SingleSignOnAdapter.provider_of(sociallogin)
        given = groups.groups_of(provider, sociallogin.account.extra_data)
        if sentence := apply_groups(user, provider, given):
            messages.warning(request, sentence)
    elif MUST not in request.session:
        _require_factor(request, user)


def _require_factor(request: HttpRequest, user: User) -> None:
    if second_factor.is_required(user) and not second_factor.has_one(user):
        request.session[MUST] = ADD_FACTOR


@receiver([password_changed, password_reset, password_set])
def end_first_password(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    first_password.changed(user)
    if request.session.get(MUST) != CHANGE_PASSWORD:
        return
    del request.session[MUST]
    _require_factor(request, user)

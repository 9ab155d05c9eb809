"""Pages of one's own account, and of getting one."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.receivers import ADD_FACTOR, MUST
from accounts.sign_in import second_factor, sessions, sign_up
from accounts.web import push
from accounts.web.language import page_language
from accounts.web.middleware import BACKEND
from common.viewer import signed_in
from incidents.web.shortcuts import add_errors, show_errors
from people.models import Role
from people.preferences import set_language, set_time_zone


def account(request: HttpRequest) -> HttpResponse:
    """How this person signs in, and where they are signed in."""
    user = signed_in(request)
    factors: dict[str, list[Any]] = {}
    for each in Authenticator.objects.filter(user=user).order_by("pk"):
        factors.setdefault(each.type, []).append(each)
    app, codes = factors.get("totp", []), factors.get("recovery_codes", [])
    unreadable = [
        each for each in (*app, *codes) if not second_factor.SEALED.is_readable(each.data)
    ]
    can_count = codes and codes[0] not in unreadable
    context = {
        "passkeys": factors.get("webauthn", []),
        "app": app,
        "codes": codes,
        "codes_left": len(codes[0].wrap().get_unused_codes()) if can_count else None,
        "unreadable": unreadable,
        "sessions": sessions.sessions_of(user, request.session.session_key),
        "has_password": user.has_usable_password(),
        "forced": request.session.get(MUST) == ADD_FACTOR,
        "languages": settings.LANGUAGES,
        **push.shown_devices(request),
        "zones": sorted(zone for zone in available_timezones() if "/" in zone),
    }
    return render(request, "accounts/account.html", context)


@require_POST
def save_time_zone(request: HttpRequest) -> HttpResponse:
    try:
        set_time_zone(signed_in(request), request.POST.get("time_zone", "")[:100])
    except ValidationError as error:
        show_errors(request, error)
    else:
        messages.success(request, _("The time zone is saved."))
    return redirect(f"{reverse('account')}#time-zone")


@require_POST
def save_language(request: HttpRequest) -> HttpResponse:
    try:
        set_language(signed_in(request), request.POST.get("language", ""))
    except ValidationError as error:
        show_errors(request, error)
    else:
        # The message is in the language that the next page is in.
        request.LANGUAGE_CODE = page_language(request)
        messages.success(request, _("The language is saved."))
    return redirect(f"{reverse('account')}#language")


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    if sessions.end_sessions(signed_in(request), pk):
        messages.success(request, _("The session is ended."))
    return redirect("account")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    ended = sessions.end_sessions(signed_in(request), keep=request.session.session_key)
    messages.success(request, format_lazy(_("Other sessions ended: {n}."), n=ended))
    return redirect("account")


def _may_try(request: HttpRequest) -> bool:
    return bool(ratelimit.consume(request, app="allauth.account", action="signup"))


def _too_often(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)


@login_not_required
@never_cache
def ask_to_join(request: HttpRequest) -> HttpResponse:
    """Somebody of a listed mail domain gets a link by mail; the page says the same to all."""
    can_mail = import_string("accounts.web.password.mail_can_be_sent")()
    form_class: Any = import_string("accounts.web.forms.SignUpForm")
    possible = bool(settings.SIGN_UP_DOMAINS) and can_mail
    form, sent = form_class(request.POST or None), False
    if possible and request.method == "POST":
        if not _may_try(request):
            return _too_often(request)
        if form.is_valid():
            sent = True
            if made := sign_up.invite_oneself(form.cleaned_data["email"]):
                _mail_invitation(*made)
    context = {"form": form, "sent": sent, "possible": possible}
    return render(request, "accounts/sign_up.html", context)


def _mail_invitation(invitation: Any, token: str) -> None:
    address = settings.PUBLIC_URL.rstrip("/") + reverse("accept-invitation", args=[token])
    send_mail(
        "Your account in Causebook",
        f"Open this link within three days to create your account:\n\n{address}\n\n"
        "If you did not ask for it, do nothing.\n",
        settings.DEFAULT_FROM_EMAIL,
        [invitation.email],
    )


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Create the account of an invitation; or, when signed in, take its role and team."""
    if request.method == "POST" and not _may_try(request):
        return _too_often(request)
    invitation = sign_up.find_invitation(token)
    if invitation is None:
        return render(request, "accounts/invitation_closed.html", status=404)
    form_class: Any = import_string("accounts.web.forms.InvitedForm")
    initial = {"username": invitation.email.partition("@")[0]}
    form = form_class(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            user = sign_up.create_invited(invitation, given["username"], given["password"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            auth.login(request, user, backend=BACKEND)
            return redirect(settings.LOGIN_REDIRECT_URL)
    role = Role(invitation.role)
    context = {"form": form, "invitation": invitation, "role": role}
    return render(request, "accounts/accept_invitation.html", context)


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django's administration has no sign-in of its own: this one has limits on attempts."""
    if not settings.DJANGO_ADMIN:
        raise Http404("Django's administration is off.")
    if request.user.is_authenticated:
        return redirect("incidents:list")
    return redirect(f"{reverse('login')}?next=/admin/")

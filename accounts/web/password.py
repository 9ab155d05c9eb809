"""Signing in with a password, changing it, and resetting a forgotten one by mail."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView, PasswordChangeView, PasswordResetView
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.receivers import CHANGE_PASSWORD, MUST
from common.viewer import signed_in
from incidents.models import ApiToken
from incidents.tokens import revoke


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        more = {
            "passwords": settings.PASSWORD_SIGN_IN or bool(settings.LDAP_URL),
            "sign_up_open": bool(settings.SIGN_UP_DOMAINS) and mail_can_be_sent(),
        }
        return {**super().get_context_data(**options), **more}


class ChangePassword(PasswordChangeView):
    template_name = "accounts/password_change.html"

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if not signed_in(request).has_usable_password():
            messages.info(request, _("Your password is kept where you sign in, not here."))
            return redirect("account")
        response: HttpResponseBase = super().dispatch(request, *args, **options)
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        ended = 0
        forced = self._is_forced()
        if form.cleaned_data.get("end_tokens"):
            ended = revoke(ApiToken.objects.filter(user=signed_in(self.request)))
        response: HttpResponse = super().form_valid(form)
        if forced:
            response = redirect("incidents:home")
        done = _("Your password is changed and your other sessions ended.")
        if ended:
            done = _(
                "Your password is changed and your other sessions ended. API tokens ended: {n}."
            )
        messages.success(self.request, format_lazy(done, n=ended))
        return response

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        return {**super().get_context_data(**options), "forced": self._is_forced()}

    def _is_forced(self) -> bool:
        return bool(self.request.session.get(MUST) == CHANGE_PASSWORD)


def mail_can_be_sent() -> bool:
    return bool(settings.EMAIL_HOST) or "smtp" not in settings.EMAIL_BACKEND


class ForgottenPassword(PasswordResetView):
    template_name = "accounts/forgotten.html"

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if not mail_can_be_sent() or not settings.PASSWORD_SIGN_IN:
            response: HttpResponse = self.get(request, *args, **options)
            return response
        response = super().post(request, *args, **options)
        return response

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        possible = mail_can_be_sent() and settings.PASSWORD_SIGN_IN
        return {**super().get_context_data(**options), "possible": possible}

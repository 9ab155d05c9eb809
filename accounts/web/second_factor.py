"""Codes of apps and recovery codes, also where the key that they were sealed with is lost."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.sign_in.second_factor import UNREADABLE
from common.sealing import UnreadableSecret


class _SaysUnreadable:
    """A form whose code cannot be compared where the key is lost: it says so and the cure."""

    def clean_code(self) -> str:
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except UnreadableSecret as error:
            raise ValidationError(UNREADABLE) from error


class CodeForm(_SaysUnreadable, AuthenticateForm):
    pass


class CodeAgainForm(_SaysUnreadable, ReauthenticateForm):
    pass


class RecoveryCodes(ViewRecoveryCodesView):
    def get(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().get(request, *args, **options)
        except UnreadableSecret:
            problem = _("Your recovery codes cannot be read any more: make new ones.")
            messages.error(request, problem)
            return redirect("mfa_generate_recovery_codes")
        return response


class NewRecoveryCodes(GenerateRecoveryCodesView):
    def get_context_data(self, **options: Any) -> dict[str, Any]:
        try:
            context: dict[str, Any] = super().get_context_data(**options)
        except UnreadableSecret:
            # What the library adds, as if there were none: these can be used no more.
            return {"view": self, "form": self.get_form(), "unused_code_count": 0, **options}
        return context

"""Forms of signing in and of one's own account."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as LibraryChangeForm
from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from accounts.backends import AWAY
from incidents.models import ApiToken

DIRECTORY_AWAY = _(
    "The directory that has your password does not answer, so nobody can sign in with it now. Try "
    "again in a minute; passwords that were set here work."
)


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["login"].label = _("Username or email")
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autofocus": True}
        if self.data.get("username"):
            # The name was right or can be corrected; mostly it is the password that was wrong.
            del self.fields["login"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""

    def add_prefix(self, field_name: str) -> str:
        # The field had this name in the form before; scripts that sign in send it.
        return "username" if field_name == "login" else super().add_prefix(field_name)

    def clean(self) -> Any:
        try:
            cleaned = super().clean()
        except forms.ValidationError:
            if getattr(self.request, AWAY, False):
                raise forms.ValidationError(DIRECTORY_AWAY) from None
            raise
        by_directory = getattr(self.user, "backend", "").endswith("LdapBackend")
        if not self.errors and not settings.PASSWORD_SIGN_IN and not by_directory:
            raise forms.ValidationError(_("Passwords are switched off here. Use single sign-on."))
        return cleaned


class ChangePasswordForm(LibraryChangeForm):
    end_tokens = forms.BooleanField(
        label=_("End my API tokens too"), required=False,
        help_text=_("Other sessions end in any case. Programs that use your tokens need new ones."),
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        labels = {
            "oldpassword": _("Present password"), "password1": _("New password"),
            "password2": _("New password again"),
        }  # fmt: skip
        for name, label in labels.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.fields["oldpassword"].help_text = ""
        if not ApiToken.objects.filter(user=self.user).exists():
            del self.fields["end_tokens"]


class ForgottenPasswordForm(ResetPasswordForm):
    """A mail goes only to accounts that have a password here: others sign in elsewhere."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["email"].widget.attrs.pop("placeholder", None)

    def clean_email(self) -> str:
        email: str = super().clean_email()
        found: list[User] = getattr(self, "users", [])
        self.users = [user for user in found if user.has_usable_password()]
        return email


class SignUpForm(forms.Form):
    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class InvitedForm(forms.Form):
    username = forms.CharField(
        label=_("Username"), max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"), max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label=_("Password again"), max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned and cleaned.get("password") != cleaned.get("again"):
            self.add_error("again", _("The two passwords differ."))
        return cleaned

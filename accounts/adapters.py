"""What the sign-in library asks of the product."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.sign_in import attempts, known_devices, saml_metadata, second_factor, sign_up
from common.sealing import seal, unseal
from people.membership import is_service_account

log = logging.getLogger(__name__)
WRONG = _("No account has this username and password.")


def _names(credentials: dict[str, Any]) -> set[str]:
    given = (credentials.get(each) for each in ("email", "username"))
    return {str(each).lower() for each in given if each}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": WRONG,
        "email_password_mismatch": WRONG,
        "invalid_login": WRONG,
        "too_many_login_attempts": _(
            "Too many wrong attempts. Wait five minutes, or sign in with a browser that you "
            "signed in with before."
        ),
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made from invitations, not by the library's form."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        try:
            return super().get_client_ip(request)
        except PermissionDenied:  # through a Unix socket
            return "127.0.0.1"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Limit the attempts on an account; those in a browser it signed in with by themselves."""
        names = _names(credentials)
        device = known_devices.device_of(request, names)
        self._login_failed_rl_usage = ratelimit.consume(
            request,
            app="allauth.account",
            action=attempts.ON_KNOWN_DEVICE if device else attempts.ACTION,
            key=device or attempts.account_key(names),
        )
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """After a reset by mail: only the attempts on this account, not those of the address."""
        key = attempts.account_key(_names(credentials))
        for rate in ratelimit.get_rates(app="allauth.account", action=attempts.ACTION):
            if rate.per == "key":
                name = ratelimit.get_cache_key(
                    request, app="allauth.account", action=attempts.ACTION, rate=rate, key=key
                )
                cache.delete(name)

    def pre_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse | None:
        if is_service_account(user):
            raise PermissionDenied(_("A service account has tokens and cannot sign in."))
        response: HttpResponse | None = super().pre_login(request, user, **options)
        return response

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **options)
        names = {user.get_username().lower(), user.email.lower()} - {""}
        known_devices.remember(request, response, names)
        return response

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Not again just after signing in, nor from whom the identity provider alone knows."""
        request = context.request
        if not self.get_reauthentication_methods(request.user):
            return False
        records = get_authentication_records(request, request.user)
        age = timezone.now().timestamp() - max((each["at"] for each in records), default=0)
        return bool(age > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the public address: the host that a stranger's request names may be another."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL.rstrip("/") + path.replace("UID-KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:
            log.error("A mail about an account could not be sent: %s", error)

    def add_message(self, request: HttpRequest, level: int, *args: Any, **options: Any) -> None:
        """Greetings are left out; errors are shown."""
        if options.get("message"):
            super().add_message(request, level, *args, **options)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        apps: list[SocialApp] = super().list_apps(request, provider=provider, client_id=client_id)
        for app in apps:
            idp = app.settings.get("idp", {})
            if path := idp.get("metadata_file"):
                idp = {**idp, "metadata_url": saml_metadata.FILE + path}
                app.settings = {**app.settings, "idp": idp}
        return apps

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return any(
            sign_up.may_sign_up(self.provider_of(sociallogin), each.email, verified=each.verified)
            for each in sociallogin.email_addresses or [EmailAddress(email="")]
        )

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        for each in sociallogin.email_addresses:
            invitation = sign_up.open_invitation(each.email) if each.verified else None
            if invitation:
                sign_up.accept(invitation, user)
        return user

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        found: Any = super().authenticate_by_email(sociallogin)
        if found:
            # An address of an account was set by an administrator or proved by an invitation, so
            # the password that came with it stays.
            EmailAddress.objects.get_or_create(
                user=found[0], email=found[1].lower(), defaults={"verified": True, "primary": True}
            )
        return found if found else None

    @staticmethod
    def provider_of(sociallogin: SocialLogin) -> str:
        """`oidc` or `saml`."""
        found = sociallogin.provider
        return "saml" if found.id == "saml" else str(found.app.provider_id or found.id)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not valid, or no longer."),
        "cannot_delete_authenticator": _(
            "A second factor is required here: add another one first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal({"secret": text})

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)["secret"]

    def build_totp_svg(self, url: str) -> str:
        """With a white ground: cameras cannot read black on a dark page."""
        image: Any = import_string("qrcode.image.svg.SvgPathFillImage")
        drawn = import_string("qrcode.make")(url, image_factory=image)
        return str(drawn.to_string(encoding="unicode"))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last one stays while it is required."""
        user = authenticator.user
        others = Authenticator.objects.filter(user=user, type__in=second_factor.KINDS)
        if authenticator.type not in second_factor.KINDS:
            return True
        return others.exclude(pk=authenticator.pk).exists() or not second_factor.is_required(user)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}"

"""URLs of signing in and of one's own account. Their names are those of the library."""

from django.urls import path, re_path

from accounts.web import push, views
from accounts.web.lazy import lazy, lazy_departure, posted_elsewhere

ACCOUNT, MFA = "allauth.account.views", "allauth.mfa"
OIDC = "accounts.web.oidc"
SAML = "accounts.web.saml"
SOCIAL = "allauth.socialaccount.views"

sign_in = lazy("accounts.web.password.SignIn", anyone=True)
sign_out = lazy(f"{ACCOUNT}.LogoutView", "accounts/sign_out.html", anyone=True)
failed = lazy(f"{SOCIAL}.LoginErrorView", "accounts/sign_in_failed.html", anyone=True)

urlpatterns = [
    path("sign-in/", sign_in, name="login"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-out/", sign_out, name="logout"),
    path("sign-out/", sign_out, name="account_logout"),
    path("sign-up/", views.ask_to_join, name="account_signup"),
    path("sign-up/<slug:token>/", views.accept_invitation, name="accept-invitation"),
    path(
        "sign-in/inactive/",
        lazy(f"{ACCOUNT}.AccountInactiveView", "accounts/inactive.html", anyone=True),
        name="account_inactive",
    ),
    path(
        "sign-in/forgotten/",
        lazy("accounts.web.password.ForgottenPassword", anyone=True),
        name="account_reset_password",
    ),
    path(
        "sign-in/forgotten/sent/",
        lazy(f"{ACCOUNT}.PasswordResetDoneView", "accounts/forgotten_sent.html", anyone=True),
        name="account_reset_password_done",
    ),
    re_path(
        r"^sign-in/forgotten/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[0-9A-Za-z-]{1,90})/$",
        lazy(f"{ACCOUNT}.PasswordResetFromKeyView", "accounts/password_new.html", anyone=True),
        name="account_reset_password_from_key",
    ),
    path("sign-in/forgotten/done/", sign_in, name="account_reset_password_from_key_done"),
    path(
        "sign-in/second-factor/",
        lazy(f"{MFA}.base.views.AuthenticateView", "accounts/second_factor.html", anyone=True),
        name="mfa_authenticate",
    ),
    path(
        "sign-in/passkey/",
        lazy(f"{MFA}.webauthn.views.LoginWebAuthnView", anyone=True),
        name="mfa_login_webauthn",
    ),
    path(
        "sign-in/oidc/<slug:provider_id>/",
        lazy_departure(f"{OIDC}.login"),
        name="openid_connect_login",
    ),
    path(
        "sign-in/oidc/<slug:provider_id>/callback/",
        lazy(f"{OIDC}.callback", anyone=True),
        name="openid_connect_callback",
    ),
    path(
        "sign-in/saml/<slug:organization_slug>/",
        lazy_departure(f"{SAML}.login"),
        name="saml_login",
    ),
    path(
        "sign-in/saml/<slug:organization_slug>/acs/",
        posted_elsewhere(lazy(f"{SAML}.acs", anyone=True)),
        name="saml_acs",
    ),
    path(
        "sign-in/saml/<slug:organization_slug>/acs/finish/",
        lazy(f"{SAML}.finish_acs", anyone=True),
        name="saml_finish_acs",
    ),
    path(
        "sign-in/saml/<slug:organization_slug>/sls/",
        posted_elsewhere(lazy(f"{SAML}.sls", anyone=True)),
        name="saml_sls",
    ),
    path(
        "sign-in/saml/<slug:organization_slug>/metadata/",
        lazy(f"{SAML}.metadata", anyone=True),
        name="saml_metadata",
    ),
    path("sign-in/cancelled/", failed, name="socialaccount_login_cancelled"),
    path("sign-in/failed/", failed, name="socialaccount_login_error"),
    path("sign-in/closed/", failed, name="socialaccount_signup"),
    path("account/", views.account, name="account"),
    path("account/", views.account, name="mfa_index"),
    path("account/", views.account, name="mfa_list_webauthn"),
    path("account/", views.account, name="socialaccount_connections"),
    path("account/time-zone/", views.save_time_zone, name="save-time-zone"),
    path("account/language/", views.save_language, name="save-language"),
    path("service-worker.js", push.service_worker, name="service-worker"),
    path("account/notifications/", push.enable, name="push-enable"),
    path("account/notifications/<int:pk>/remove/", push.remove, name="push-remove"),
    path("account/notifications/<int:pk>/test/", push.test, name="push-test"),
    path("account/sessions/end/", views.end_other_sessions, name="end-other-sessions"),
    path("account/sessions/<int:pk>/end/", views.end_session, name="end-session"),
    path(
        "account/password/",
        lazy("accounts.web.password.ChangePassword"),
        name="account_change_password",
    ),
    path(
        "account/confirm/",
        lazy(f"{ACCOUNT}.ReauthenticateView", "accounts/confirm.html"),
        name="account_reauthenticate",
    ),
    path(
        "account/confirm/code/",
        lazy(f"{MFA}.base.views.ReauthenticateView", "accounts/confirm.html"),
        name="mfa_reauthenticate",
    ),
    path(
        "account/confirm/passkey/",
        lazy(f"{MFA}.webauthn.views.ReauthenticateWebAuthnView", "accounts/confirm_passkey.html"),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "account/app/",
        lazy(f"{MFA}.totp.views.ActivateTOTPView", "accounts/app_add.html"),
        name="mfa_activate_totp",
    ),
    path(
        "account/app/remove/",
        lazy(f"{MFA}.totp.views.DeactivateTOTPView", "accounts/app_remove.html"),
        name="mfa_deactivate_totp",
    ),
    path(
        "account/recovery-codes/",
        lazy("accounts.web.second_factor.RecoveryCodes", "accounts/codes.html"),
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/recovery-codes/new/",
        lazy("accounts.web.second_factor.NewRecoveryCodes", "accounts/codes_new.html"),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/passkeys/new/",
        lazy(f"{MFA}.webauthn.views.AddWebAuthnView", "accounts/passkey_add.html"),
        name="mfa_add_webauthn",
    ),
    path(
        "account/passkeys/<int:pk>/remove/",
        lazy(f"{MFA}.webauthn.views.RemoveWebAuthnView", "accounts/passkey_remove.html"),
        name="mfa_remove_webauthn",
    ),
    path("admin/login/", views.admin_sign_in),
]

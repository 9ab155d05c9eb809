"""Settings of sign-in, from environment variables (docs/sign-in.md)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from config import env

SINGLE_SIGN_ON_APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
]

# Who may create an account besides those who were invited.
SIGN_UP_DOMAINS = [domain.lower() for domain in env.words("SIGN_UP_DOMAINS")]
SIGN_UP_PROVIDERS = env.words("SIGN_UP_PROVIDERS")
PASSWORD_SIGN_IN = env.flag("PASSWORD_SIGN_IN", True)

REQUIRE_SECOND_FACTOR = env.choice("REQUIRE_SECOND_FACTOR", "none", "administrators", "all")
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", 12 * 60)
SESSION_MAX_HOURS = env.number("SESSION_MAX_HOURS", 7 * 24)

# A proxy that signs people in: the header with the username, and the addresses that may send it.
PROXY_USER_HEADER = env.text("PROXY_USER_HEADER")
PROXY_EMAIL_HEADER = env.text("PROXY_EMAIL_HEADER")
PROXY_GROUPS_HEADER = env.text("PROXY_GROUPS_HEADER")
PROXY_ADDRESSES = env.words("PROXY_ADDRESSES")
if PROXY_USER_HEADER and not PROXY_ADDRESSES:
    raise SystemExit("PROXY_USER_HEADER needs PROXY_ADDRESSES: whom to believe that header.")

LDAP_URL = env.text("LDAP_URL")
LDAP_START_TLS = env.flag("LDAP_START_TLS")
LDAP_CA_FILE = env.text("LDAP_CA_FILE")
LDAP_BIND_DN = env.text("LDAP_BIND_DN")
LDAP_BIND_PASSWORD = env.secret("LDAP_BIND_PASSWORD")
LDAP_BASE_DN = env.text("LDAP_BASE_DN")
LDAP_USER_FILTER = env.text("LDAP_USER_FILTER", "(uid={username})")
LDAP_GROUP_FILTER = env.text("LDAP_GROUP_FILTER", "(|(member={dn})(memberUid={username}))")

OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
SAML_GROUPS_ATTRIBUTE = env.text("SAML_GROUPS_ATTRIBUTE", "groups")


def _oidc() -> dict[str, Any]:
    if not env.text("OIDC_ISSUER"):
        return {}
    return {
        "provider_id": "oidc",
        "name": env.text("OIDC_NAME", "single sign-on"),
        "client_id": env.text("OIDC_CLIENT_ID"),
        "secret": env.secret("OIDC_CLIENT_SECRET"),
        "settings": {
            "server_url": env.text("OIDC_ISSUER").rstrip("/"),
            "verified_email": env.flag("OIDC_TRUST_EMAIL"),
            "oauth_pkce_enabled": True,
        },
    }


ADVANCED = {
    "want_assertion_signed": True,
    "reject_idp_initiated_sso": True,
    "allow_single_label_domains": True,
}
"""Of SAML: only signed answers to requests of ours; also for hosts such as `http://kb/`."""


def _saml() -> dict[str, Any]:
    metadata = {
        "metadata_url": env.text("SAML_METADATA_URL"),
        "metadata_file": env.text("SAML_METADATA_FILE"),
    }
    if not any(metadata.values()):
        return {}
    return {
        "provider_id": "saml",
        "name": env.text("SAML_NAME", "SAML"),
        "client_id": "main",
        "settings": {
            "idp": {"entity_id": env.text("SAML_IDP_ENTITY_ID") or None, **metadata},
            "sp": {"entity_id": env.text("SAML_ENTITY_ID")},
            "verified_email": env.flag("SAML_TRUST_EMAIL", True),
            "attribute_mapping": {
                "uid": env.text(
                    "SAML_UID_ATTRIBUTE", "urn:oasis:names:tc:SAML:attribute:subject-id"
                ),
                "username": env.text("SAML_USERNAME_ATTRIBUTE", "username"),
                "email": [
                    env.text("SAML_EMAIL_ATTRIBUTE", "email"),
                    "urn:oid:0.9.2342.19200300.100.1.3",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
                ],
            },
            "advanced": ADVANCED,
        },
    }


OIDC_APP, SAML_APP = _oidc(), _saml()
# Only what is used: they cost the start of a process time.
_PROVIDERS = "allauth.socialaccount.providers"
SINGLE_SIGN_ON_APPS += [f"{_PROVIDERS}.openid_connect"] if OIDC_APP else []
SINGLE_SIGN_ON_APPS += [f"{_PROVIDERS}.saml"] if SAML_APP else []
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "APPS": [OIDC_APP] if OIDC_APP else [],
        "SCOPE": env.words("OIDC_SCOPES", "openid,profile,email"),
    },
    "saml": {"APPS": [SAML_APP] if SAML_APP else []},
}

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_SESSION_REMEMBER = False
# A link in an invitation proves an address; there is nothing else to confirm.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "login"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_FORMS = {
    "login": "accounts.web.forms.SignInForm",
    "change_password": "accounts.web.forms.ChangePasswordForm",
    "reset_password": "accounts.web.forms.ForgottenPasswordForm",
}
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    # The key is the account. Failures elsewhere never count against a device it signed in from, so
    # that nobody is locked out by others for ever.
    "password_failed": "20/m/ip,100/h/ip,5/5m/key",
    "password_failed_on_known_device": "10/5m/key",
    # Codes of a second factor.
    "login_failed": "20/m/ip,100/h/ip,5/5m/key",
    "reauthenticate": "10/m/user,20/m/ip",
    "change_password": "5/m/user,20/h/user,20/m/ip",
    "reset_password": "20/m/ip,3/10m/key",
    "signup": "10/m/ip",
}
# HTTPS means that there is a proxy, which says who called.
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", int(env.flag("HTTPS")))

SOCIALACCOUNT_ADAPTER = "accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.web.second_factor.CodeForm",
    "reauthenticate": "accounts.web.second_factor.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Causebook"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Browsers offer passkeys over http for this machine only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(
    env.text("PUBLIC_URL", "http://localhost")
).hostname in ("localhost", "127.0.0.1")

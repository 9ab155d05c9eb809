"""Which settings a backup holds, and how: a new setting belongs in one of these lists."""

from __future__ import annotations

import os

from config import env

READABLE = frozenset(
    """
    ALLOWED_HOSTS ALLOWED_PRIVATE_NETWORKS API_REQUESTS_PER_MINUTE API_TOKEN_MAX_DAYS
    AUDIT_RETENTION_DAYS AUDIT_SYSLOG BACKUP_CHECK BACKUP_EVERY_HOURS BACKUP_RETAINED BACKUP_TO
    CSRF_TRUSTED_ORIGINS DEFAULT_FROM_EMAIL DJANGO_ADMIN EMAIL_HOST EMAIL_HOST_USER EMAIL_PORT
    EMAIL_USE_TLS EVENT_STREAMS EVENT_STREAMS_PER_PERSON HTTPS LDAP_BASE_DN LDAP_BIND_DN
    LDAP_GROUP_FILTER LDAP_START_TLS LDAP_URL LDAP_USER_FILTER OIDC_CLIENT_ID OIDC_GROUPS_CLAIM
    OIDC_ISSUER OIDC_NAME OIDC_SCOPES OIDC_TRUST_EMAIL PASSWORD_SIGN_IN PROXY_ADDRESSES
    PROXY_EMAIL_HEADER PROXY_GROUPS_HEADER PROXY_USER_HEADER PUBLIC_URL REQUIRE_SECOND_FACTOR
    SAML_EMAIL_ATTRIBUTE SAML_ENTITY_ID SAML_GROUPS_ATTRIBUTE SAML_IDP_ENTITY_ID SAML_NAME
    SAML_TRUST_EMAIL SAML_UID_ATTRIBUTE SAML_USERNAME_ATTRIBUTE SESSION_IDLE_MINUTES
    SESSION_MAX_HOURS SIGN_UP_DOMAINS SIGN_UP_PROVIDERS TRUSTED_PROXY_COUNT
""".split()
)
"""Anyone who has the file may read them."""
SEALED = frozenset(
    """
    AUDIT_WEBHOOK_SECRET AUDIT_WEBHOOK_URL EMAIL_HOST_PASSWORD LDAP_BIND_PASSWORD
    OIDC_CLIENT_SECRET SAML_METADATA_URL
""".split()
)
"""Passwords, and addresses that may hold a token: they go with the keys."""
OF_THE_HOST = frozenset(
    """
    AUDIT_SYSLOG_CA_FILE BACKUP_PASSPHRASE CAUSEBOOK_DATA_DIR CAUSEBOOK_LOG_ROOT CAUSEBOOK_PROCESS
    DATABASE_URL DEBUG LDAP_CA_FILE REDIS_URL SAML_METADATA_FILE
""".split()
)
"""Paths, addresses of servers, and what must not be in the file; never written to it."""
KEYS = frozenset({"SECRET_KEY", "SECRET_KEY_FALLBACKS"})


def readable() -> dict[str, str]:
    return {name: os.environ[name] for name in sorted(READABLE) if os.environ.get(name)}


def sealed() -> dict[str, str]:
    return {name: value for name in sorted(SEALED) if (value := env.secret(name))}


def as_lines(values: dict[str, str]) -> str:
    """As an .env file has them; whatever is in a value, it ends with the line."""
    return "".join(
        f"{name}={' '.join(value.split())}\n"
        for name, value in sorted(values.items())
        if name in READABLE | SEALED
    )

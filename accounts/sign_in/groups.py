"""Which groups an identity provider says that a person is in."""

from __future__ import annotations

from typing import Any

from django.conf import settings

MOST, LONGEST = 1000, 300


def clean_groups(given: Any) -> set[str]:
    """Groups as a set of names, whether they came as a list or as one text with commas."""
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list | tuple | set):
        return set()
    names = {str(each).strip() for each in list(given)[:MOST]}
    return {name for name in names if 0 < len(name) <= LONGEST}


def of_claims(data: dict[str, Any]) -> set[str]:
    """Groups of an OpenID Connect sign-in: from the user info, else from the ID token."""
    for part in (data.get("userinfo"), data.get("id_token"), data):
        found: Any = part
        # `realm_access.roles` names a claim inside another.
        for name in settings.OIDC_GROUPS_CLAIM.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if found is not None:
            return clean_groups(found)
    return set()


def of_attributes(data: dict[str, Any]) -> set[str]:
    """Groups of a SAML sign-in."""
    return clean_groups(data.get(settings.SAML_GROUPS_ATTRIBUTE))


def groups_of(provider: str, data: dict[str, Any]) -> set[str]:
    return of_attributes(data) if provider == "saml" else of_claims(data)

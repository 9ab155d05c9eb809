"""Browsers in which a person signed in before.

Failed attempts from elsewhere do not count against them: whoever types wrong passwords for an
account can only slow down strangers, not its owner.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "known_device"
SALT = "accounts.known_device"
VALID_FOR = 180 * 24 * 3600
MOST = 5
"""How many accounts a browser remembers."""


def _remembered(request: HttpRequest) -> dict[str, str]:
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=VALID_FOR)
    except signing.BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def device_of(request: HttpRequest, names: set[str]) -> str:
    """What tells this browser from others, if one of these names signed in here; else empty."""
    remembered = _remembered(request)
    return next((f"{name}:{remembered[name]}" for name in names if name in remembered), "")


def remember(request: HttpRequest, response: HttpResponse, names: set[str]) -> None:
    known = _remembered(request)
    if names <= set(known):
        return
    known |= {name: known.get(name) or secrets.token_hex(8) for name in names}
    newest = dict(list(known.items())[-2 * MOST :])
    response.set_cookie(
        COOKIE, signing.dumps(newest, salt=SALT), max_age=VALID_FOR,
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip

"""Who asks the API, what their token allows, and how often they may ask."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from redis import Redis
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from incidents.models import ApiToken
from incidents.tokens import find_token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cb_…`; the word Token in place of Bearer is taken too."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        how, _, given = get_authorization_header(request).decode("latin-1").partition(" ")
        if how.lower() not in ("bearer", "token"):
            return None
        token = find_token(given.strip())
        if token is None:
            raise exceptions.AuthenticationFailed("No token has this text.")
        if not token.is_valid:
            raise exceptions.AuthenticationFailed("This token has expired or was revoked.")
        if not token.user.is_active:
            raise exceptions.AuthenticationFailed("The user of this token was deactivated.")
        # The permission function asks the person, so the narrowing travels with them.
        token.user.only_team = token.team
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="causebook"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class HasScope(IsAuthenticated):
    """Reading needs `read`, writing `file`; a view with `scope = "admin"` needs that.

    One with a `permission` is for who has it, as the pages are. A view with `reads = True` only
    answers questions, though they come by POST.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        wanted = getattr(view, "scope", "")
        needed = getattr(view, "permission", "")
        if needed and not request.user.has_perm(needed):
            self.message = f"This needs the permission {needed}."
            return False
        reads = request.method in SAFE_METHODS or getattr(view, "reads", False)
        wanted = str(wanted or ("read" if reads else "file"))
        if isinstance(request.auth, ApiToken) and not request.auth.allows(wanted):
            self.message = f"This token may only {request.auth.scope}; this needs “{wanted}”."
            return False
        return True


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


class RateLimit(BaseThrottle):
    """So many requests a minute for each token or person, counted in Redis.

    With Redis away nothing is counted: an incident is no time to turn people away.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return True
        most = settings.API_REQUESTS_PER_MINUTE
        now = time.time()
        self.left = 60 - now % 60
        who = f"t{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"u{request.user.pk}"
        key = f"rate:{who}:{int(now // 60)}"
        try:
            both = _redis().pipeline(transaction=False)
            both.incr(key)
            both.expire(key, 90)
            count, _ = both.execute()
        except (RedisError, OSError):
            return True
        # On Django's request, where the middleware that writes the headers finds it.
        request._request.rate = (most, max(0, most - count), self.left)
        return count <= most

    def wait(self) -> float:
        return self.left


def rate_headers(get_response: Any) -> Any:
    """Middleware: tell each asker of the API how much of their limit is left."""

    def answer(request: Any) -> Any:
        response = get_response(request)
        if rate := getattr(request, "rate", None):
            most, left, seconds = rate
            response["RateLimit-Limit"] = str(most)
            response["RateLimit-Remaining"] = str(left)
            response["RateLimit-Reset"] = f"{seconds:.0f}"
        return response

    return answer
